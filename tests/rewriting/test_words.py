"""Addresses in the words of received HTML: an element of ours around them, or listed as unprotected."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.rewriting import Carrier, Direction, Options, SkipReason, plan, unwrap
from tests.rewriting.fuzz.invariants import Way, message_holds
from tests.rewriting.html_documents import BROKEN, TIDY
from tests.rewriting.messages import message
from tests.rewriting.rendering import html_body
from tests.rewriting.sealers import FixedSealer

RECEIVED = Options(direction=Direction.INBOUND, opens=False)
EVIL = "https://evil.example/1"
SEALER = FixedSealer(0)
A1, A2 = (f'<a href="https://t.example.net/L{number}">' for number in (1, 2))
ADDRESSES = st.sampled_from(
    [
        "https://words.example/a?b&amp;c",
        "www.words.example",
        "&#104;ttps://words.example/",
        "https:/<b>/words.example/</b>",
        " http://words.example/a&b. ",
    ]
)


def decided(html: str, options: Options = RECEIVED) -> list[tuple[str, SkipReason | None]]:
    candidates = plan(message(html), options).manifest.candidates
    return [(candidate.url, candidate.skip_reason) for candidate in candidates]


def rewritten(html: str) -> str:
    raw = message(html)
    made = plan(raw, RECEIVED).apply(SEALER)
    assert unwrap(made.raw, dict[str, str]().get, made.manifest) == raw
    return html_body(made.raw).decode()


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Visit https://evil.example/1.", f"<p>Visit {A1}https://evil.example/1</a>."),
        (
            "https://evil.example/?a&amp;b or WWW.evil.example",
            f"{A1}https://evil.example/?a&amp;b</a> or {A2}WWW.evil.example</a>",
        ),
        (
            "<p title='>https://evil.example/1'>https://evil.example/1",
            f"<p title='>https://evil.example/1'>{A1}https://evil.example/1</a>",
        ),
        ("<b>&#104;ttps://evil.example/1</b>,", f"<b>{A1}&#104;ttps://evil.example/1</a></b>,"),
        (
            "<a href='https://evil.example/1'>https://x.example</a> https://y.example",
            f"<a href='https://t.example.net/L1'>https://x.example</a> {A2}https://y.example</a>",
        ),
        (
            "<table>https://x.example/<tr><td>www.y.example</table>",
            f"<table>{A1}https://x.example/</a><tr><td>{A2}www.y.example</a></table>",
        ),
        ("<p>a<!-- b -->https://x.example", f"<p>a<!-- b -->{A1}https://x.example</a>"),
        ("<p>a</p>b</p>c</p>https://x.example", f"<p>a</p>b</p>c</p>{A1}https://x.example</a>"),
        ("<b><p>a</b>www.x.example", f"<b><p>a</b>{A1}www.x.example</a>"),
        ("<p>\0a www.x.example\0 b", f"<p>\0a {A1}www.x.example</a>\0 b"),
        ("<p>&amp;\0\0https://x.ex\0ample/", f"<p>&amp;\0\0{A1}https://x.ex\0ample/</a>"),
    ],
)
def test_words_that_are_an_address_become_a_link_and_stay_what_the_reader_sees(
    html: str, expected: str
) -> None:
    assert rewritten(html) == expected


def test_the_target_is_that_of_the_words_and_known_from_the_keys_alone() -> None:
    html = "<p>Visit https://evil.example/1?a&amp;b, or www.example.com"
    planned = plan(message(html), RECEIVED)
    assert [(link.url, link.text) for link in planned.links] == [
        ("https://evil.example/1?a&b", "https://evil.example/1?a&b"),
        ("http://www.example.com/", "www.example.com"),
    ]
    assert {candidate.carrier for candidate in planned.manifest.candidates} == {Carrier.HTML_TEXT}
    restored = unwrap(planned.apply(SEALER).raw, SEALER.reads(planned).get)
    assert html_body(restored).decode() == (
        '<p>Visit <a href="https://evil.example/1?a&amp;b">https://evil.example/1?a&amp;b</a>, '
        'or <a href="http://www.example.com/">www.example.com</a>'
    )


@pytest.mark.parametrize(
    "html",
    [
        "<a name=x>https://evil.example/1</a>",
        "<!--[if mso]><p>https://evil.example/1</p><![endif]-->",
        "<iframe srcdoc='<p>https://evil.example/1'></iframe>",
        "<noscript>https://evil.example/1</noscript>",
        "<svg><text>https://evil.example/1</text></svg>",
        "<xmp>https://evil.example/1</xmp>",
        "<plaintext>https://evil.example/1",
        "<p>ht<b>tps://evil.example/1</b> x",
        "<p>https://<b>evil.example</b>/1 x",
        "<p>https:<!-- x -->//<b>evil.example/1</b> x",
        "<p>https://evil<i>.example/1</i> x",
        "<p><b>w</b>https<i>://evil.example/1",
    ],
)
def test_where_no_element_can_be_put_around_it_an_address_is_listed_as_unprotected(html: str) -> None:
    assert SkipReason.BARE_ADDRESS.unprotected
    if "<b>w</b>" in html:
        assert decided(html) == []  # `whttps:` begins no address
        return
    assert (EVIL, SkipReason.BARE_ADDRESS) in decided(html)
    assert rewritten(html) == html


def test_the_same_words_where_no_program_links_them_are_not_taken_for_others() -> None:
    html = "<select>www.evil.example<select>www.evil.example"
    found = decided(html)
    assert ("http://www.evil.example/", SkipReason.BARE_ADDRESS) in found
    assert {reason for _, reason in found} == {SkipReason.BARE_ADDRESS}
    assert rewritten(html) == html


@pytest.mark.parametrize(
    "html",
    [
        "<select><option>{}</select>",
        "<noembed>{}</noembed>",
        "<p><noframes>{}</noframes>",
        "<iframe>{}</iframe>",
        "<math><template>{}</template></math>",
        "<svg><textarea>{}</textarea></svg>",
    ],
)
def test_words_that_no_browser_shows_as_such_are_listed_for_those_that_take_the_tags_away(html: str) -> None:
    assert decided(html.format(" https://evil.example/ ")) == [
        ("https://evil.example/", SkipReason.BARE_ADDRESS)
    ]


@pytest.mark.parametrize("tag", ["template", "textarea", "title", "style", "script"])
def test_words_that_nobody_shows_or_links_are_not_listed(tag: str) -> None:
    assert decided(f"<{tag}> https://evil.example/ </{tag}>") == []


def test_an_address_without_a_scheme_in_a_comment_or_a_document_inside_is_listed_too() -> None:
    for html in ("<!--[if mso]>www.evil.example<![endif]-->", "<iframe srcdoc=www.evil.example></iframe>"):
        assert decided(html) == [("http://www.evil.example/", SkipReason.BARE_ADDRESS)]


def test_words_that_no_program_links_are_not_listed() -> None:
    assert decided("<style>a{b:url(https://x.example)}</style><!-- https://x.example -->y") == []
    assert decided("<title>https://x.example</title><textarea>https://x.example</textarea>") == []
    assert decided("<p>Visit https://evil.example/1", Options(direction=Direction.OUTBOUND)) == []


@pytest.mark.parametrize(
    ("words", "url", "reason"),
    [
        ("ftp://evil.example/a", "ftp://evil.example/a", SkipReason.OTHER_SCHEME),
        ("FILE://evil.example/a", "FILE://evil.example/a", SkipReason.OTHER_SCHEME),
        ("\\\\evil.example\\a", "https://evil.example/a", SkipReason.HOST_WITHOUT_SCHEME),
    ],
)
def test_words_that_are_no_web_address_and_that_programs_link_are_listed(
    words: str, url: str, reason: SkipReason
) -> None:
    html = f"<p>open <b>{words}</b>, <a href='https://x.example/'>{words}</a>"
    assert decided(html) == [(url, reason), ("https://x.example/", None)]
    (candidate, _) = plan(message(html), RECEIVED).manifest.candidates
    assert message(html)[candidate.start : candidate.end] == words.encode()


def test_an_address_that_tags_split_is_listed_as_it_begins_and_as_a_whole() -> None:
    assert decided("<p>https://evil.example<b>.safe.example/1</b> x") == [
        ("https://evil.example/", SkipReason.BARE_ADDRESS),
        ("https://evil.example.safe.example/1", SkipReason.BARE_ADDRESS),
    ]


def test_one_that_goes_on_in_a_web_address_is_listed_beside_that() -> None:
    assert decided("<p>ftp://evil.example/https://x.example/") == [
        ("ftp://evil.example/", SkipReason.OTHER_SCHEME),
        ("https://x.example/", None),
    ]


def test_where_there_are_more_than_are_listed_the_part_is_unprotected() -> None:
    manifest = plan(message("<p>www.x.example</p>" * 1001 + EVIL), RECEIVED).manifest
    assert [part.skip_reason for part in manifest.parts] == [SkipReason.UNLOCATED]


def test_words_go_on_over_tags_only_within_their_line() -> None:
    html = "<p>https://a.example/</p>x<br>https://b.example/<br>y <b>https://c.example/</b>. <i>z</i>"
    assert [reason for _, reason in decided(html)] == [None] * 3


def test_links_of_words_fields_in_comments_are_wrapped() -> None:
    field = (
        "<!--[if supportFields]><span style='mso-element:field-begin'></span> HYPERLINK {} "
        "<span style='mso-element:field-separator'></span><![endif]-->x"
    )
    quoted = field.format('"https://evil.example/1?a&amp;b"')
    assert decided(quoted) == [("https://evil.example/1?a&b", None)]
    assert rewritten(quoted) == field.format('"https://t.example.net/L1"')
    escaped = field.format("\\t <b></b>&quot;https://evil.example/1&quot;")
    assert decided(escaped) == [(EVIL, None)]
    (candidate,) = plan(message(escaped), RECEIVED).manifest.candidates
    assert (candidate.carrier, candidate.conditional) == (Carrier.FIELD, True)


@pytest.mark.parametrize(
    "html",
    [
        "<span style='mso-field-code:\" HYPERLINK \\0022{}\\0022 \"'>x</span>",
        "<p style='color:red; MSO-Field-Code: HYPERLINK {}'>x</p>",
        '<span style="mso-field-code:&quot;HYPERLINK \\&quot;{}\\&quot;&quot;">x</span>',
        "<span style='mso-field-code:\"HYPERLINK https\\:\\/\\/evil\\.example\\/1\"'>x</span>",
        "<!--[if mso]><span style='mso-field-code:\"HYPERLINK {}\"'>x</span><![endif]-->",
        "<i style='mso-element:field-begin'></i>HYPERLINK \"{}\"<i style='mso-element:field-end'></i>",
    ],
)
def test_a_field_of_word_that_stands_outside_of_its_comments_is_listed(html: str) -> None:
    assert decided(html.format(EVIL)) == [(EVIL, SkipReason.UNLOCATED)]


def test_a_style_without_an_address_and_a_field_in_its_comment_are_no_doubt() -> None:
    style = "<span style='mso-field-code:\" PAGE \"; background:url(https://x.example/)'>x</span>"
    comment = (
        "<!--[if supportFields]><span style='mso-element:field-begin'></span>HYPERLINK \"{}\"<![endif]-->"
        "<span style='mso-element:field-end'></span>"
    )
    assert decided(style) == []
    assert decided(comment.format(EVIL)) == [(EVIL, None)]


def test_where_words_end_is_found_at_once_whatever_follows_them() -> None:
    """0.12 s measured; 1.8 where all that follows is looked through for each."""
    raw = message("https://x.example/&eacute; " * 990 + "&amp; " * 1000 + ("</b>" + "&amp; " * 2000) * 14)
    began = time.process_time()
    assert len(plan(raw, RECEIVED).links) == 990
    assert time.process_time() - began < 1


@given(st.lists(TIDY | ADDRESSES | st.sampled_from(BROKEN), max_size=8).map("".join))
@settings(max_examples=100, deadline=None)
def test_whatever_stands_around_words_all_that_is_promised_holds(html: str) -> None:
    message_holds(message(html), [Way(Direction.INBOUND, 40)])


NAME = SkipReason.BARE_NAME


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Go to evil.example.com/login.", [("http://evil.example.com/login", NAME)]),
        ("<b>example.com</b> bücher.de", [("http://example.com/", NAME), ("http://xn--bcher-kva.de/", NAME)]),
        ("evil&period;example.com:8080/a", [("http://evil.example.com:8080/a", NAME)]),
        ("ann@example.com, done.In setup.py or 12.50", []),
        ("<a href='https://x.example/'>example.com</a>", [("https://x.example/", None)]),
        ("<style>a.example.com{}</style><title>example.com</title>", []),
        ("<p>https://x.example/ example.com", [("https://x.example/", None), ("http://example.com/", NAME)]),
        ("<!--[if mso]>example.com<![endif]-->", [("http://example.com/", NAME)]),
        ("<p>x<!-- > -->example.com", [("http://example.com/", NAME)]),
        # Whatever else stands in the same words: a link that is put there parts them.
        ("<p>xhttps://shop", [("https://shop/", NAME)]),
        ("<p>xhttps://shop https://x.example/", [("https://shop/", NAME), ("https://x.example/", None)]),
    ],
)
def test_host_names_in_words_are_listed_and_make_nothing_unprotected(
    html: str, expected: list[tuple[str, SkipReason | None]]
) -> None:
    manifest = plan(message(html), RECEIVED).manifest
    assert [(candidate.url, candidate.skip_reason) for candidate in manifest.candidates] == expected
    assert manifest.unprotected == ()
    assert NAME not in [reason for _, reason in decided(html, Options())]


def test_so_many_host_names_are_listed_and_addresses_behind_them_are_still_wrapped() -> None:
    html = "".join(f"<p>n{number}.example.com" for number in range(1500)) + "<p>https://evil.example/"
    found = decided(html)
    assert found == [(f"http://n{number}.example.com/", NAME) for number in range(200)] + [
        ("https://evil.example/", None)
    ]
