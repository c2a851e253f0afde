"""Links in rare places, and those that only some programs see: wrapped, or listed as unprotected."""

import pytest

from backstamp.rewriting import Carrier, Direction, Options, SkipReason, plan
from tests.rewriting.messages import message, multipart, part
from tests.rewriting.sealers import FixedSealer

RECEIVED = Options(direction=Direction.INBOUND)
SENT = Options(direction=Direction.OUTBOUND)
EVIL = "https://evil.example/1"


def decided(html: str, options: Options) -> list[tuple[str, SkipReason | None]]:
    candidates = plan(message(html), options).manifest.candidates
    return [(candidate.url, candidate.skip_reason) for candidate in candidates]


@pytest.mark.parametrize(
    "html",
    [
        "<!--[ if mso]><a href=https://evil.example/1>x</a><![endif]-->",
        "<math><mtext xlink:href='https://evil.example/1'>x</mtext></math>",
        "<math><area href='https://evil.example/1'></math>",
    ],
)
def test_links_in_rare_places_are_wrapped(html: str) -> None:
    assert decided(html, RECEIVED) == [(EVIL, None)]


@pytest.mark.parametrize(
    "html",
    [
        "<!--[if mso]><a title='-->' href='https://evil.example/1'>x</a><![endif]-->",
        "<!--[if mso]><a title='<![endif]-->' href='https://evil.example/1'>x</a><![endif]-->",
        "<![if x]><p title='<![endif]><a href=https://evil.example/1>x</a><![if x]>'><![endif]>",
        "<noscript><style></noscript><a href='https://evil.example/1'>x</a></style></noscript>",
        "<svg><a><set attributeName='href' to='https://evil.example/1'/></a></svg>",
        "<select><button><selectedcontent><a href='https://evil.example/1'>y</a><option>z</select>",
    ],
)
def test_links_that_only_some_programs_see_are_listed_as_unprotected(html: str) -> None:
    for direction in Direction:
        found = decided(html, Options(direction=direction))
        assert (EVIL, SkipReason.UNLOCATED) in found
    candidates = plan(message(html), RECEIVED).manifest.candidates
    (place,) = {(each.start, each.end) for each in candidates if each.url == EVIL}
    assert message(html)[slice(*place)] == EVIL.encode()


def test_a_template_is_read_as_by_programs_that_know_none_too() -> None:
    found = decided("<template><base href='https://evil.example/'></template><a href='1'>y</a>", RECEIVED)
    assert (EVIL, SkipReason.UNLOCATED) in found
    found = decided(f"<template><table><form action='{EVIL}'></form></table></template>", RECEIVED)
    assert found == [(EVIL, SkipReason.FORM)]


@pytest.mark.parametrize(
    "html",
    [
        "<noembed>{}</noembed>",
        "<noframes>{}</noframes>",
        "<frameset><noframes><body>{}</body></noframes></frameset>",
        "<iframe src='#'>{}</iframe>",
        "<xmp>{}</xmp>",
        "<textarea>{}</textarea>",
        "<title>{}</title>",
        "<script><!--<script></script>{}--></script>",
        "<![CDATA[ {} ]]>",
        "<!x {}",
        "<? {} ?>",
        "</? {}",
        "</1 {}",
        "<?-- {}",
        '<p>y</p x="> z {}">',
        "<style></style/ a='b' x=\"> z {}\">",
        '<p>y</script <img alt="> z {}">',
        "<svg><![CDATA[ z > {} ]]></svg>",
        "<math></math><textarea><!<script>{}</script></textarea>",
        "<svg></svg><p><script>{}</script>",
        "<!x <p><noembed>{}</noembed>",
        "<!doctype <p><!doctype {}",
        "<style/><plaintext>{}",
        "<style><body>{}</style>",
        "<script><noscript>{}</script>",
        "<a<b {}",
        "<A, title='>' \u00e9<{}",
        "<style/>{}</style>",
        "<STYLE type='>' />{}",
        "<script src='#'/>{}</script>",
        "<style></head>{}</style>",
        "<style>a</html x='>'>{}</style>",
        "<p>a<script>x('</p>')</body>{}</script>",
        "<div><table><style>a</table>{}</style></table></div>",
        "<div></div><div><i><script>a</b></div>{}</script></i></div>",
        "<title><style></head>{}</style></title>",
        "<title><STYLE x=1></Style ></html>{}</title>",
    ],
)
def test_links_that_parsers_see_which_know_little_of_html5_are_listed(html: str) -> None:
    href = EVIL.replace("h", "&#104;", 1)
    raw = message(html.format(f"<a href='{href}'>x</a>"))
    for direction in Direction:
        candidates = plan(raw, Options(direction=direction)).manifest.candidates
        (link,) = (each for each in candidates if each.url == EVIL)
        assert link.skip_reason is SkipReason.UNLOCATED
        assert raw[link.start : link.end] == href.encode()


@pytest.mark.parametrize(
    "html",
    [
        "<title>a < b</title><iframe src='#'><p>x</iframe><script>x('<script>')</script>",
        "<!doctype html><!-- <a href='https://evil.example/1'>x</a> --><?xml ns='x' /><![if x]>y<![endif]>",
        "<p>z</p a='b' c=\"d\"></div title='>'>",
        "<script>x = \"<a href='https://evil.example/1'>\"</script><style><a href='https://evil.example/1'></style>",
        "<b>y</b><script>x('<b>y</b></i><a href=https://evil.example/1>x</a>')</script><style>a</style></head>",
    ],
)
def test_text_in_which_no_parser_sees_a_link_leaves_nothing_in_doubt(html: str) -> None:
    assert decided(f"{html}<p><a href='https://good.example/'>x</a>", RECEIVED)[-1] == (
        "https://good.example/",
        None,
    )
    manifest = plan(message(f"{html}<p>x"), RECEIVED).manifest
    assert SkipReason.UNLOCATED not in manifest.unprotected


@pytest.mark.parametrize(
    "html",
    [
        "<\0a href='https://evil.example/1'>x</a>",
        "<a\0 href='https://evil.example/1'>x</a>",
        "<a hr\0ef='https://evil.example/1'>x</a>",
        "<a href\0='https://evil.example/1'>x</a>",
        "<a href=\0'https://evil.example/1'>x</a>",
        "<a href='\0https://evil.example/1'>x</a>",
        "<a href='ht\0tps://evil.exam\0ple/1\0'>x</a>",
        "\0<met\0a http-equiv=refr\0esh content='0;url=https://evil.example/1'>",
    ],
)
def test_links_that_programs_see_which_pass_over_null_characters_are_listed(html: str) -> None:
    for direction in Direction:
        found = decided(html, Options(direction=direction))
        assert (EVIL, SkipReason.UNLOCATED) in found
    raw = message(html)
    (place,) = {
        (each.start, each.end)
        for each in plan(raw, RECEIVED).manifest.candidates
        if each.url == EVIL and each.skip_reason is SkipReason.UNLOCATED
    }
    assert raw[slice(*place)].replace(b"\0", b"") == EVIL.encode()


def test_null_characters_between_links_leave_nothing_in_doubt_and_very_many_do() -> None:
    html = "a\0b<a href='https://evil.example/1'>x\0</a>\0"
    assert decided(html, RECEIVED) == [(EVIL, None)]
    manifest = plan(message(html + "\0" * 1000), RECEIVED).manifest
    assert SkipReason.UNLOCATED in manifest.unprotected


def test_what_thunderbird_makes_markup_of_behind_plaintext_is_listed() -> None:
    html = "<plaintext><a href='&#104;ttps&colon;&#47;&#47;evil.example/1'>x</a>"
    assert decided(html, RECEIVED) == [(EVIL, SkipReason.UNLOCATED)]


def test_a_condition_that_outlook_reads_as_browsers_do_leaves_nothing_in_doubt() -> None:
    html = (
        "<style><!--[if mso]>p{}<![endif]--></style><p style='a:b;<!--[if mso]>c:d<![endif]-->'>x"
        "<!--[if mso]><table><tr><td><![endif]--><a href='https://evil.example/1'>x</a>"
        "<!--[if !mso]><!-->y<!--<![endif]--><![if !vml]>z<![endif]><!--[if mso]></table><![endif]-->"
    )
    for direction in Direction:
        manifest = plan(message(html), Options(direction=direction)).manifest
        assert [(each.url, each.skip_reason) for each in manifest.candidates] == [(EVIL, None)]
        assert [part.skip_reason for part in manifest.parts] == [None]
    assert plan(message(html), SENT).has_pixel


def test_with_many_conditions_one_of_which_is_in_doubt_the_part_is_unprotected() -> None:
    conditions = "".join(f"<![if mso {number}]>x<![endif]>" for number in range(9, 13))
    manifest = plan(message(f"{conditions}<p title='<![endif]>'>"), RECEIVED).manifest
    assert [part.skip_reason for part in manifest.parts] == [SkipReason.UNLOCATED]


def test_a_link_without_a_value_costs_no_other_link_its_protection() -> None:
    html = (
        "<base href='https://evil.example/x'><a href>w</a>"
        "<a href='https://evil.example/1'>x</a><a href=''>y</a>"
    )
    assert decided(html, RECEIVED) == [
        ("https://evil.example/x", SkipReason.UNLOCATED),
        (EVIL, None),
        ("https://evil.example/x", None),
    ]


def test_a_bare_return_in_quoted_printable_makes_no_soft_break_that_nobody_knows() -> None:
    raw = message(b"<a href='https://evil.example/1'>x</a>\ry", cte="quoted-printable")
    out = plan(raw, RECEIVED).apply(FixedSealer()).raw
    assert b"=\r\n" in out
    assert out.count(b"\r") - out.count(b"\r\n") == raw.count(b"\r") - raw.count(b"\r\n")


def test_the_base_of_a_header_counts_as_one_of_the_document() -> None:
    def found(html: str, *fields: str) -> list[tuple[str, SkipReason | None]]:
        header = "".join(f"{field}\n" for field in fields)
        candidates = plan(message(html, header=header), RECEIVED).manifest.candidates
        return [
            (candidate.url, candidate.skip_reason)
            for candidate in candidates
            if candidate.carrier is not Carrier.HEADER
        ]

    base, relative = "Content-Base: https://evil.example/a/", "<a href='1'>x</a>"
    assert found(relative, base) == [("https://evil.example/a/1", None)]
    assert found(relative, "Content-Location: ht tps://evil.example/ b") == [(EVIL, None)]
    assert found(relative, "Content-Location: https://x.example/", base) == [
        ("https://evil.example/a/1", None)
    ]
    assert found("<base href=y>" + relative, base) == [("https://evil.example/a/1", None)]
    assert found("<base href=https://x.example/>" + relative + "<a href=https://z.example/>x</a>", base) == [
        ("https://x.example/1", None),
        ("https://evil.example/a/1", SkipReason.UNLOCATED),
        ("https://z.example/", None),
    ]
    assert found(relative, "Content-Location: part.html") == [("1", SkipReason.RELATIVE_URL)]
    sent = plan(message(relative, header=f"{base}\n"), SENT).manifest.candidates
    assert [each.skip_reason for each in sent] == [SkipReason.RELATIVE_URL]


def test_the_base_of_a_header_is_read_against_that_around_it_but_not_across_messages() -> None:
    html = part("text/html", "<a href='1'>x</a>", "Content-Location: b/c.html")
    related = multipart("related", html, header=b"Content-Base: https://evil.example/a/\r\n")
    inner = multipart("mixed", b"Content-Type: message/rfc822\r\n\r\n" + related, boundary="outer")
    outer = inner.replace(b"MIME", b"Content-Base: https://other.example/\r\nMIME", 1)
    candidate, *_ = plan(outer, RECEIVED).manifest.candidates
    assert (candidate.url, candidate.skip_reason) == ("https://evil.example/a/b/1", None)
    alone = multipart(
        "mixed",
        b"Content-Type: message/rfc822\r\n\r\nContent-Type: text/html\r\n\r\n<a href='1'>x</a>",
        header=b"Content-Base: https://other.example/\r\n",
    )
    candidate, *_ = plan(alone, RECEIVED).manifest.candidates
    assert candidate.skip_reason is SkipReason.RELATIVE_URL


@pytest.mark.parametrize("tag", ["<a href={}", "<iframe src={}", "<a href= {}"])
def test_an_address_without_quotes_that_runs_into_the_end_of_a_comment_is_not_wrapped(tag: str) -> None:
    raw = message(f"<!--[if mso]>{tag.format(EVIL)}<![endif]--><p>x</p>")
    planned = plan(raw, RECEIVED)
    assert planned.links == ()
    assert [part.skip_reason for part in planned.manifest.parts] == [SkipReason.UNLOCATED]
    assert planned.apply(FixedSealer()).raw == raw


def test_a_field_in_a_comment_within_a_comment_is_one_link() -> None:
    html = f'<!--[if supportFields]><p><!--[if supportFields]> HYPERLINK "{EVIL}" <![endif]-->'
    assert [each.url for each in plan(message(html), RECEIVED).manifest.candidates] == [EVIL]


@pytest.mark.parametrize("field", ["Content-Base", "Content-Location"])
def test_a_base_of_the_header_may_make_relative_links_lead_to_a_share(field: str) -> None:
    raw = f"{field}: file://evil.example/a/\r\nContent-Type: text/html\r\n\r\n<a href='b'>x</a>".encode()
    (found,) = plan(raw, Options(direction=Direction.INBOUND, opens=False)).manifest.candidates
    assert (found.url, found.skip_reason) == ("file://evil.example/a/b", SkipReason.OTHER_SCHEME)
    local = raw.replace(b"//evil.example", b"///C:")
    (found,) = plan(local, Options(direction=Direction.INBOUND, opens=False)).manifest.candidates
    assert found.skip_reason is SkipReason.RELATIVE_URL
