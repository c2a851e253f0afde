"""Which links are wrapped, with which target, and which are left alone and why."""

from html import escape

import pytest
from msgspec.structs import replace

from backstamp.rewriting import (
    Carrier,
    Direction,
    DkimSigned,
    Options,
    SkipReason,
    VisibleUrls,
    plan,
    unwrap,
)
from backstamp.rewriting.text.text_links import find_text_links
from backstamp.urls.parsing import web_url
from tests.rewriting.messages import message, multipart, part
from tests.rewriting.sealers import FixedSealer

OUTBOUND = Options()
INBOUND = Options(direction=Direction.INBOUND)


def decided(html: str, options: Options = OUTBOUND, header: str = "") -> list[tuple[str, SkipReason | None]]:
    candidates = plan(message(html, header=header), options).manifest.candidates
    return [(each.url, each.skip_reason) for each in candidates if each.carrier is not Carrier.HEADER]


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTP://EXAMPLE.com:80/%7ea/../b", "http://example.com/b"),
        ("  https://example.com/\n", "https://example.com/"),
        ("ht\ntps://exa\tmple.com/a\r\nb", "https://example.com/ab"),
        ("https:/example.com", "https://example.com/"),
        ("https:\\\\example.com\\a", "https://example.com/a"),
        ("https://example.com/?a=1&amp;b=2&copy=3", "https://example.com/?a=1&b=2&copy=3"),
        ("https://example.com/&#x2f;", "https://example.com//"),
        ("https://b%C3%BCcher.example/", "https://xn--bcher-kva.example/"),
        ("https://example.com/%zz", "https://example.com/%zz"),
        ("https://user:pw@example.com/", "https://user:pw@example.com/"),
        ("http://0x7f000001/", "http://127.0.0.1/"),
    ],
)
def test_the_target_is_what_a_browser_would_request(href: str, url: str) -> None:
    assert decided(f'<a href="{href}">x</a>') == [(url, None)]


@pytest.mark.parametrize(
    ("href", "reason"),
    [
        ("mailto:a@example.com", SkipReason.MAILTO),
        ("tel:+123", SkipReason.TELEPHONE),
        ("sms:+123", SkipReason.TELEPHONE),
        ("cid:part", SkipReason.CONTENT_ID),
        ("data:text/html,x", SkipReason.DATA_URL),
        (" JaVa\tscript:alert(1)", SkipReason.SCRIPT),
        ("ftp://example.com/", SkipReason.OTHER_SCHEME),
        ("#top", SkipReason.FRAGMENT),
        ("", SkipReason.FRAGMENT),
        ("page.html", SkipReason.RELATIVE_URL),
        ("{{ link }}", SkipReason.MERGE_TAG),
        ("www.example.com", SkipReason.HOST_WITHOUT_SCHEME),
        ("//example.com", SkipReason.HOST_WITHOUT_SCHEME),
        ("http://[", SkipReason.INVALID_URL),
        ("http://a b/", SkipReason.INVALID_URL),
    ],
)
def test_what_is_no_web_address_is_left_alone(href: str, reason: SkipReason) -> None:
    ((_, found),) = decided(f'<a href="{href}">x</a>')
    assert found is reason


def test_relative_links_resolve_against_the_first_base() -> None:
    bases = "<base href='https://example.com/a/'><base href='https://other.example/'>"
    html = f"{bases}<a href='b'>x</a><a href='#c'>y</a>"
    assert decided(html) == [
        ("https://example.com/a/b", None),
        ("https://example.com/a/#c", SkipReason.FRAGMENT),
    ]


def test_a_base_that_is_no_web_address_gives_nothing() -> None:
    assert decided("<base href='cid:x'><a href='b'>x</a>") == [("b", SkipReason.RELATIVE_URL)]


@pytest.mark.parametrize(
    "base", ["//example.com/a/", "\\\\example.com/a/", "/\\example.com/a/", " /\t/example.com/a/"]
)
def test_a_base_without_a_scheme_leads_somewhere_in_a_browser(base: str) -> None:
    html = f'<base href="{base}"><a href="b">x</a><a href="https://example.org/ä">y</a>'
    assert decided(html) == [
        ("https://example.com/a/b", SkipReason.HOST_WITHOUT_SCHEME),
        ("https://example.org/%C3%A4", None),
    ]


def test_a_base_that_is_no_address_in_a_browser_either_gives_nothing() -> None:
    html = "<a href=''>w</a><a href='b'>x</a><a href='//example.com/c'>y</a><a href='https:&lt;b'>z</a>"
    links = decided(f"<base href='//a&lt;b/'>{html}", Options(direction=Direction.INBOUND))
    assert links == [
        ("", SkipReason.RELATIVE_URL),
        ("b", SkipReason.RELATIVE_URL),
        ("https://example.com/c", SkipReason.HOST_WITHOUT_SCHEME),
        ("https:<b", SkipReason.INVALID_URL),
    ]


@pytest.mark.parametrize("base", ["file://example.com/a/", " FTP://example.com/a/"])
def test_a_base_of_another_scheme_with_a_host_makes_its_links_such(base: str) -> None:
    html = f'<base href="{base}"><a href="b">x</a><a href="mailto:a@b.example">y</a>'
    scheme = base.strip().partition(":")[0].lower()
    assert decided(html) == [
        (f"{scheme}://example.com/a/b", SkipReason.OTHER_SCHEME),
        ("mailto:a@b.example", SkipReason.MAILTO),
    ]
    assert decided("<base href='file:///C:/a/'><a href='b'>x</a>") == [("b", SkipReason.RELATIVE_URL)]


@pytest.mark.parametrize("scheme", ["https:", "", "file:"])
def test_what_is_read_with_a_base_of_absurd_length_is_too_long(scheme: str) -> None:
    """With each of 20,000 links one of 100,000 characters was read anew: 18 to 42 s."""
    base = f"<base href='{scheme}//example.com/{'a' * 2100}/'>"
    hrefs = (
        "b",
        "../b",
        "",
        "#b",
        "/b",
        "https:b",
        "//example.org/b",
        "https://example.org/b",
        "mailto:a@b.c",
    )
    options = Options(direction=Direction.INBOUND)
    long, reason = SkipReason.URL_TOO_LONG, SkipReason.HOST_WITHOUT_SCHEME
    assert decided(base + "".join(f"<a href='{href}'>x</a>" for href in hrefs), options) == [
        *((href, long) for href in hrefs[:6]),
        ("https://example.org/b", reason),
        ("https://example.org/b", None),
        ("mailto:a@b.c", SkipReason.MAILTO),
    ]


def test_a_scheme_without_slashes_is_a_path_below_a_base_without_a_scheme() -> None:
    html = "<a href='https:&lt;b'>x</a><a href='http:&lt;b'>y</a><a href='https:b'>z</a>"
    assert decided(f"<base href='//example.com/a/'>{html}") == [
        ("https://example.com/a/%3Cb", SkipReason.HOST_WITHOUT_SCHEME),
        ("http:<b", SkipReason.INVALID_URL),
        ("https://b/", None),
    ]


def test_the_dot_behind_an_excluded_host_makes_no_other_host_of_it() -> None:
    options = Options(excluded_hosts=("app.example",))
    assert decided("<a href='https://APP.example.:443/'>x</a>", options) == [
        ("https://app.example./", SkipReason.EXCLUDED_HOST)
    ]


def test_excluded_hosts_cover_their_subdomains_and_no_others() -> None:
    options = Options(excluded_hosts=("example.com",))
    html = "".join(
        f"<a href='https://{host}/'>x</a>" for host in ("example.com", "a.example.com", "badexample.com")
    )
    assert [reason for _, reason in decided(html, options)] == [
        SkipReason.EXCLUDED_HOST,
        SkipReason.EXCLUDED_HOST,
        None,
    ]


def test_own_links_are_left_alone_in_both_directions() -> None:
    for direction in Direction:
        options = Options(direction=direction, own_prefixes=("https://t.example/",))
        assert decided("<a href='https://t.example/abc'>x</a>", options) == [
            ("https://t.example/abc", SkipReason.OWN_LINK)
        ]


def test_nothing_that_received_mail_says_of_its_own_links_keeps_them_from_being_wrapped() -> None:
    marks = "data-backstamp=off clicktracking=off data-clicktracking=off"
    html = f"<a {marks} href='https://evil.example/u'>https://bank.example/</a>"
    header = (
        "List-Unsubscribe: <https://evil.example/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
        "X-Backstamp-Links: off\nX-Backstamp-Opens: off\n"
    )
    received = Options(direction=Direction.INBOUND)
    assert decided(html, received, header=header) == [("https://evil.example/u", None)]
    text = message("https://evil.example/u", "text/plain", header=header)
    assert [link.url for link in plan(text, received).links] == ["https://evil.example/u"]


def test_the_unsubscribe_address_of_the_header_of_sent_mail_is_never_wrapped() -> None:
    html = "<a href='https://example.com/u?a=1&amp;b=2'>x</a> <a href='https://example.com/u?a=1'>y</a>"
    for fold in ("", "\n\t"):
        header = f"List-Unsubscribe: <mailto:u@example.com>,\n <https://EXAMPLE.com/{fold}u?a=1&b=2>\n"
        assert [reason for _, reason in decided(html, header=header)] == [SkipReason.UNSUBSCRIBE_LINK, None]
    blank = "List-Unsubscribe: < https://example.com/\n u?a=1&b=2 >\n"
    assert [reason for _, reason in decided(html, header=blank)] == [SkipReason.UNSUBSCRIBE_LINK, None]


def test_a_link_that_its_author_marks_in_the_html_is_left_alone_in_the_plain_text_too() -> None:
    text = part("text/plain", "Reset: https://app.example/reset?a=1&b=2\r\nHelp: https://app.example/help")
    html = part(
        "text/html",
        "<a data-backstamp=off href='https://APP.example/reset?a=1&amp;b=2'>Reset</a>"
        " <a href='https://app.example/help'>Help</a>",
    )
    for order in ((text, html), (html, text)):
        raw = multipart("alternative", *order)
        made = plan(raw, OUTBOUND)
        assert sorted((link.url, link.number) for link in made.links) == [
            ("https://app.example/help", 1),
            ("https://app.example/help", 2),
        ]
        marked = [each for each in made.manifest.candidates if "reset" in each.url]
        assert {(each.carrier, each.skip_reason) for each in marked} == {
            (Carrier.A, SkipReason.MARKED_OFF),
            (Carrier.TEXT, SkipReason.MARKED_OFF),
        }
        received = plan(raw, INBOUND)
        assert [link.url for link in received.links].count("https://app.example/reset?a=1&b=2") == 2


def test_a_mark_says_nothing_of_another_link_to_the_same_place_in_the_html() -> None:
    html = "<a data-backstamp=off href='https://a.example/'>A</a> <a href='https://a.example/'>A</a>"
    assert [reason for _, reason in decided(html)] == [SkipReason.MARKED_OFF, None]


@pytest.mark.parametrize(
    "href",
    [
        "https://a.example/?e={{email}}",
        "https://a.example/?e={{${email_address}}}",
        "https://a.example/?e={{custom.${name} | default: 'a'}}",
        "https://a.example/?e={{{email}}}",
        "https://{{host}}/",
        "https://a.example/*|EMAIL|*",
        "https://a.example/&#42;|EMAIL|&#42;",
        "https://a.example/[[id]]/",
        "https://a.example/&lt;%= id %&gt;",
        "https://a.example/{% if a %}b{% endif %}",
        "https://a.example/?s=%%subscriberkey%%",
        "https://a.example/?e=%recipient%&amp;a=b",
        "https://a.example/?e=%recipient.first-name%",
    ],
)
def test_of_sent_mail_a_link_is_left_alone_that_a_relay_is_yet_to_fill_in(href: str) -> None:
    html = f'<a href="{href}">x</a>'
    assert [reason for _, reason in decided(html)] == [SkipReason.MERGE_TAG]
    assert [reason for _, reason in decided(html, INBOUND)] == [None]
    assert not SkipReason.MERGE_TAG.unprotected


@pytest.mark.parametrize(
    ("href", "received"),
    [
        ("{{action_url}}", SkipReason.RELATIVE_URL),
        ("%unsubscribe_url%", SkipReason.RELATIVE_URL),
        ("http://*|LIST:URL|*", SkipReason.INVALID_URL),
    ],
)
def test_a_link_that_is_a_placeholder_as_a_whole_is_called_so_in_sent_mail(
    href: str, received: SkipReason
) -> None:
    html = f'<a href="{href}">x</a>'
    assert [reason for _, reason in decided(html)] == [SkipReason.MERGE_TAG]
    assert [reason for _, reason in decided(html, INBOUND)] == [received]


@pytest.mark.parametrize(
    "href",
    [
        "https://a.example/?a=%7B%7Bemail%7D%7D",
        "https://wiki.example/?a=%5B%5BPage%5D%5D",
        "https://a.example/100%20off%20now",
        "https://a.example/%date%",
        "https://a.example/?a=50%&b=%",
        "https://a.example/?a[b][c]=1",
        "https://a.example/{a}/*b*",
        "https://a.example/%2Frecipient%2F",
        "https://a.example/?q=50%off%20now",
    ],
)
def test_what_is_escaped_in_single_brackets_or_per_cent_is_to_be_filled_in_by_nobody(href: str) -> None:
    assert [reason for _, reason in decided(f'<a href="{href}">x</a>')] == [None]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://a.example/?e={{email}}&f=1", "https://a.example/?e={{email}}&f=1"),
        # Blanks and angle brackets end an address in a text, and so do signs at its end.
        ("https://a.example/?e={{ email }}", "https://a.example/?e="),
        ("https://a.example/?e=<%= id %>", "https://a.example/?e="),
        ("https://a.example/{{ id }}/b", "https://a.example/"),
        ("https://a.example/?e=*|EMAIL|*", "https://a.example/?e=*|EMAIL"),
        ("www.a.example/?e={%\nif a %}", "http://www.a.example/?e={%"),
    ],
)
def test_in_sent_plain_text_too_though_the_placeholder_goes_on_behind_the_address(
    written: str, url: str
) -> None:
    raw = message(f"See {written} now", content_type="text/plain; charset=utf-8")
    (candidate,) = plan(raw, OUTBOUND).manifest.candidates
    assert (candidate.url, candidate.skip_reason) == (url, SkipReason.MERGE_TAG)
    assert plan(raw, INBOUND).links


def test_a_placeholder_beside_a_link_of_sent_plain_text_is_none_of_it() -> None:
    text = "{{n}}, see {{x}}https://a.example/ {{y}} and https://b.example/, {{z}}: {% https://c.example/ %}"
    made = plan(message(text, content_type="text/plain; charset=utf-8"), OUTBOUND)
    assert [link.url for link in made.links] == [f"https://{host}.example/" for host in "abc"]


def test_the_summary_is_the_sentence_of_the_console() -> None:
    html = "<a href='https://example.com/n'>x</a>" * 12 + "<a href='https://example.com/u'>y</a>"
    raw = message(html, header="List-Unsubscribe: <https://example.com/u>\n")
    assert plan(raw, OUTBOUND).manifest.summary == "12 links tracked, 1 skipped: own unsubscribe link"
    assert plan(raw, INBOUND).manifest.summary == "13 links guarded"
    assert plan(b"From: a\n" * 10_000, INBOUND).manifest.summary.startswith("not guarded: ")


def test_a_wrapped_link_knows_its_host_as_the_parser_reads_it() -> None:
    hrefs = [
        "https://www.example.com/a?b#c",
        "HTTPS://user:secret@M\u00dcLLER.example:8443/\u00fc",
        "http://0x7f.1/",
        "http://[2001:DB8::1]/",
        "https://example.com./",
    ]
    html = "".join(f'<a href="{href}">x</a>' for href in hrefs)
    links = plan(message(html), OUTBOUND).links
    assert [link.host for link in links] == [
        "www.example.com",
        "xn--mller-kva.example",
        "127.0.0.1",
        "[2001:db8::1]",
        "example.com.",
    ]
    assert [link.as_url() for link in links] == [web_url(link.url) for link in links]


def test_the_same_url_twice_has_two_numbers() -> None:
    planned = plan(
        message("<a href='https://example.com/'>first</a> <a href='https://example.com/'>second</a>"),
        OUTBOUND,
    )
    assert [(link.number, link.url, link.text) for link in planned.links] == [
        (1, "https://example.com/", "first"),
        (2, "https://example.com/", "second"),
    ]


def test_the_words_of_a_link_are_folded_cut_or_taken_from_its_image() -> None:
    html = (
        "<a href='https://example.com/1'> a\n <b>b</b>  c </a>"
        "<a href='https://example.com/2'><img src='cid:x' alt=' Our  shop '></a>"
        f"<a href='https://example.com/3'>{'x' * 200}</a>"
    )
    assert [link.text for link in plan(message(html), OUTBOUND).links] == ["a b c", "Our shop", "x" * 100]


@pytest.mark.parametrize("block", ["<div>", "<p>", "<h1><b>", "<div><div>"])
def test_words_that_a_browser_puts_into_a_copy_of_the_link_are_its_words(block: str) -> None:
    html = f'<p><a href="https://b.example/">{block}our shop</a><a href="https://c.example/">x</a>'
    assert [link.text for link in plan(message(html), OUTBOUND).links] == ["our shop", "x"]


@pytest.mark.parametrize(
    "tag", ['<a href="{}">', '<A HREF="{}">', "<a href='{}'>", "<a href={}>", '<a id=">" href = "{}">']
)
@pytest.mark.parametrize(
    "html",
    [
        "<p>{}one<div>two</div></a></p>",
        "{}one<center>two{}three</center>four",
        "<table><tr>{}<td>two</td></tr></table>",
        "<p>{}one<p>two</a>three",
    ],
)
def test_a_link_that_the_tree_has_twice_is_wrapped_however_it_is_written(html: str, tag: str) -> None:
    url = "https://example.com/a?b=c"
    planned = plan(message(html.replace("{}", tag.format(url))), OUTBOUND)
    assert planned.manifest.parts[0].skip_reason is None
    assert [link.url for link in planned.links] == [url] * html.count("{}")
    sealer = FixedSealer()
    out = planned.apply(sealer).raw.decode()
    for number in range(1, html.count("{}") + 1):
        assert tag.format(sealer.link(number, url)) in out


def test_links_inside_outlook_comments_are_wrapped_and_marked() -> None:
    html = (
        '<!--[if (gte mso 9)|(IE)]><a href="https://example.com/o">x</a><![endif]-->'
        "<!-- <a href='https://example.com/c'> -->"
    )
    (candidate,) = plan(message(html), OUTBOUND).manifest.candidates
    assert (candidate.url, candidate.conditional, candidate.carrier) == (
        "https://example.com/o",
        True,
        Carrier.A,
    )


def test_a_comment_lookalike_in_a_script_does_not_mislead() -> None:
    comment = "<!--[if mso]><a href='https://example.com/o'>x</a><![endif]-->"
    raw = message(f'<script>var a = "{comment}";</script>{comment}<p>y</p>')
    planned = plan(raw, OUTBOUND)
    rewritten = planned.apply(FixedSealer()).raw
    assert len(planned.links) == 1
    assert rewritten.index(b"t.example.net") > rewritten.index(b"</script>")


def test_a_comment_lookalike_in_an_attribute_does_not_mislead() -> None:
    comment = "<!--[if mso]><v:rect href='https://example.com/ü'></v:rect><![endif]-->"
    raw = message(f'<img title="{comment}">{comment}<img src="<img src="{comment}{comment}<p>x</p>')
    planned = plan(raw, OUTBOUND)
    assert [each.skip_reason for each in planned.manifest.candidates] == [None, None, None]
    rewritten = planned.apply(FixedSealer()).raw
    assert rewritten.startswith(raw[: raw.index(b"]-->") + 4])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.com/a.", ["https://example.com/a"]),
        ("(https://example.com/a)", ["https://example.com/a"]),
        ("https://example.com/Foo_(bar)", ["https://example.com/Foo_(bar)"]),
        ("https://example.com/Foo_(bar)).", ["https://example.com/Foo_(bar)"]),
        ("<https://example.com/a>", ["https://example.com/a"]),
        ("<URL:https://example.com/a>", ["https://example.com/a"]),
        ('"https://example.com/a"', ["https://example.com/a"]),
        ("www.example.com, www.example.org!", ["http://www.example.com", "http://www.example.org"]),
        ("WWW.EXAMPLE.com", ["http://WWW.EXAMPLE.com"]),
        ("HTTPS://example.com", ["HTTPS://example.com"]),
        ("a@www.example.com http:// https:/// xhttp://example.com", []),
        ("http://example.com/?u=http://example.org/", ["http://example.com/?u=http://example.org/"]),
        ("http://example.com,http://example.org", ["http://example.com", "http://example.org"]),
        ("İ http://example.com/İ http://example.org", ["http://example.com/İ", "http://example.org"]),
        ("https://example.com/a?b=c#d...", ["https://example.com/a?b=c#d"]),
        ("> https://example.com/quoted\r\n", ["https://example.com/quoted"]),
        ("https://example.com/token_-", ["https://example.com/token_-"]),
    ],
)
def test_addresses_in_plain_text_end_where_mail_programs_end_them(text: str, found: list[str]) -> None:
    assert [link.value for link in find_text_links(text)] == found
    for link in find_text_links(text):
        assert link.value.endswith(text[link.start : link.end])


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        (["text/plain", "text/html"], "1.2"),
        (["text/html", "text/plain"], "1.1"),
        (["text/html", "text/html"], "1.2"),
    ],
)
def test_the_pixel_goes_into_the_last_html_alternative(parts: list[str], path: str) -> None:
    raw = multipart("alternative", *(part(media_type, "<p>x</p>") for media_type in parts))
    assert plan(raw, OUTBOUND).manifest.pixel.part == path


def test_the_pixel_goes_once_into_the_first_html_of_a_mixed_message() -> None:
    raw = multipart(
        "mixed", part("text/html", "<p>x</p>"), part("image/png", "x"), part("text/html", "<p>y</p>")
    )
    rewritten = plan(raw, OUTBOUND).apply(FixedSealer())
    assert rewritten.manifest.pixel.part == "1.1"
    assert rewritten.raw.count(b"<img") == 1


def test_without_html_the_manifest_says_that_opens_cannot_be_measured() -> None:
    manifest = plan(message("https://example.com/", "text/plain"), OUTBOUND).manifest
    assert manifest.pixel.skip_reason is SkipReason.NO_HTML_PART
    assert manifest.skip_reason is None
    assert "clicks can" in manifest.summary


def test_a_text_that_was_read_was_not_left_alone_though_each_of_its_links_is() -> None:
    manifest = plan(message("https://example.com/{{id}}/", "text/plain"), OUTBOUND).manifest
    assert manifest.skip_reason is None
    assert manifest.summary.startswith("0 links tracked, 1 skipped: ")


def test_a_sealer_that_gives_no_web_address_is_refused() -> None:
    class Broken(FixedSealer):
        def link(self, number: int, url: str) -> str:
            return 'https://t.example/"><script>'

    with pytest.raises(ValueError, match="sealed URL"):
        plan(message("<a href='https://example.com/'>x</a>"), OUTBOUND).apply(Broken())


def test_an_address_that_flows_over_lines_is_one_link() -> None:
    """With delsp=yes the space goes (RFC 3676 §4.2): what follows the line end belongs to the address."""
    raw = (
        b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n"
        b"see https://example.com/one/ \r\ntwo\r\nand https://example.com/whole\r\n"
    )
    planned = plan(raw, OUTBOUND)
    assert [link.url for link in planned.links] == [
        "https://example.com/one/two",
        "https://example.com/whole",
    ]
    rewritten = planned.apply(FixedSealer(8)).raw
    assert rewritten.endswith(
        b"see https://t.example.net/L1xxxxxxxx\r\nand https://t.example.net/L2xxxxxxxx\r\n"
    )


@pytest.mark.parametrize(
    ("words", "aligned", "kept"),
    [
        ("Read more", None, None),
        ("https://shop.example.com/sale", SkipReason.VISIBLE_URL, SkipReason.VISIBLE_URL),
        ("www.example.com", SkipReason.VISIBLE_URL, SkipReason.VISIBLE_URL),
        ("<b>example</b>.com", SkipReason.VISIBLE_URL, SkipReason.VISIBLE_URL),
        ("https://www.example.net/sale", None, SkipReason.VISIBLE_URL),
    ],
)
def test_words_that_show_another_domain_than_the_tracking_host_keep_their_link(
    words: str, aligned: SkipReason | None, kept: SkipReason | None
) -> None:
    html = f"<a href='https://shop.example.com/sale'>{words}</a>"
    own = Options(own_prefixes=("https://t.example.net/",))
    assert [reason for _, reason in decided(html, own)] == [aligned]
    assert [reason for _, reason in decided(html, replace(own, visible_urls=VisibleUrls.KEEP))] == [kept]
    assert [reason for _, reason in decided(html, replace(own, visible_urls=VisibleUrls.REWRITE))] == [None]


def test_words_of_received_mail_do_not_keep_a_link_from_being_protected() -> None:
    options = Options(direction=Direction.INBOUND, visible_urls=VisibleUrls.KEEP)
    assert [
        reason for _, reason in decided("<a href='https://evil.example/'>https://bank.example/</a>", options)
    ] == [None]


def test_a_message_signed_by_dkim_is_left_alone_where_that_is_the_policy() -> None:
    raw = message("<a href='https://example.com/'>x</a>", header="DKIM-Signature: v=1; a=rsa-sha256\n")
    keep = plan(raw, Options(dkim_signed=DkimSigned.KEEP))
    assert keep.manifest.skip_reason is SkipReason.DKIM_SIGNED
    assert keep.apply(FixedSealer()).raw == raw
    assert len(plan(raw, Options()).links) == 1


def test_readable_text_shows_the_true_host_behind_the_link_and_unwraps_without_it() -> None:
    raw = message("see https://www.example.com/a?b=c. Or <https://example.org/>, too\r\n", "text/plain")
    planned = plan(raw, Options(readable_text=True))
    sealer = FixedSealer(4)
    rewritten = planned.apply(sealer)
    assert (
        b"see https://t.example.net/L1xxxx [www.example.com]. "
        b"Or <https://t.example.net/L2xxxx> [example.org], too\r\n"
    ) in rewritten.raw
    assert unwrap(rewritten.raw, sealer.reads(planned).get) == raw
    assert unwrap(rewritten.raw, dict[str, str]().get, rewritten.manifest) == raw


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://example.com/?a&copy=1&amp;b", "https://example.com/?a&copy=1&b"),
        ("https://example.com/?a&copy;=1", "https://example.com/?a%C2%A9=1"),
        ("https://example.com/?a&copyb&copy", "https://example.com/?a&copyb%C2%A9"),
        ("https://example.com/?a&notit;1&#x26;&#38b", "https://example.com/?a&notit;1&&b"),
    ],
)
def test_references_in_attributes_within_attributes_are_read_as_a_browser_reads_them(
    written: str, url: str
) -> None:
    raw = message(f"<meta http-equiv=refresh content='0;url={written}'>")
    planned = plan(raw, Options(direction=Direction.INBOUND, opens=False))
    assert [link.url for link in planned.links] == [url]
    assert planned.manifest.unprotected == ()
    assert b"content='0;url=https://t.example.net/L1xxxx'>" in planned.apply(FixedSealer(4)).raw


def test_documents_inside_the_document_are_protected() -> None:
    inner = "&lt;a href=&quot;https://example.com/?a=1&amp;amp;b=2&quot;&gt;x&lt;/a&gt;"
    html = (
        f'<iframe srcdoc="{inner}"></iframe><meta http-equiv=Refresh content="0; URL=\'https://example.com/r\'">'
        "<iframe srcdoc='<iframe srcdoc=&quot;<a href=https://example.com/deep>y&quot;>'></iframe>"
    )
    raw = message(html)
    planned = plan(raw, Options(direction=Direction.INBOUND, opens=False))
    assert [link.url for link in planned.links] == [
        "https://example.com/?a=1&b=2",
        "https://example.com/r",
        "https://example.com/deep",
    ]
    sealer = FixedSealer(4)
    rewritten = planned.apply(sealer)
    for wrapped in (
        b'srcdoc="&lt;a href=&quot;https://t.example.net/L1xxxx&quot;&gt;',
        b"content=\"0; URL='https://t.example.net/L2xxxx'\"",
        b"srcdoc=&quot;<a href=https://t.example.net/L3xxxx>y&quot;",
    ):
        assert wrapped in rewritten.raw
    assert unwrap(rewritten.raw, dict[str, str]().get, rewritten.manifest) == raw
    assert unwrap(rewritten.raw, sealer.reads(planned).get) == raw


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ("<iframe src='{}'></iframe>", SkipReason.NESTED_DOCUMENT),
        ("<object data='{}'></object>", SkipReason.NESTED_DOCUMENT),
        ("<embed src='{}'>", SkipReason.NESTED_DOCUMENT),
        ("<a href='{}'>x</a>", SkipReason.DATA_URL),
    ],
)
def test_a_document_in_a_data_address_is_unprotected_where_a_frame_shows_it(
    element: str, reason: SkipReason
) -> None:
    received = Options(direction=Direction.INBOUND)
    for address in ("data:text/html,<a href=//evil.example>x</a>", "DATA:image/svg+xml,<svg/>", "data:,x"):
        assert [found for _, found in decided(element.format(address), received)] == [reason]
    assert reason.unprotected is (reason is SkipReason.NESTED_DOCUMENT)
    picture = element.format("data:image/png;base64,AA==")
    assert [found for _, found in decided(picture, received)] == [SkipReason.DATA_URL]


@pytest.mark.parametrize(
    "href",
    [
        "\u200bhttps://x.example",
        "&nbsp;HTTP://x.example",
        "&quot;https:/x&quot;",
        "“https://x”",
    ],
)
def test_what_a_program_that_trims_more_than_the_standard_would_open_is_unprotected(href: str) -> None:
    assert [reason for _, reason in decided(f'<a href="{href}">x</a>', INBOUND)] == [SkipReason.INVALID_URL]
    for relative in ("a/https://x.example", "{{url}}", "x?u=https://x.example", "\u200b/a:b"):
        assert [each for _, each in decided(f'<a href="{relative}">x</a>', INBOUND)] == [
            SkipReason.RELATIVE_URL
        ]


def test_an_address_with_a_null_character_is_listed_as_it_stands_and_as_programs_open_it() -> None:
    assert decided('<a href="ht\0tps://x.example">x</a>', INBOUND) == [
        ("ht\ufffdtps://x.example", SkipReason.INVALID_URL),
        ("https://x.example/", SkipReason.UNLOCATED),
    ]


@pytest.mark.parametrize("depth", [2, 3])
def test_a_comment_for_outlook_in_as_many_documents_as_are_looked_into_is_named(depth: int) -> None:
    html = "<!--[if mso]><a href='https://example.com/'>x</a><![endif]-->"
    for _ in range(depth):
        html = f'<iframe srcdoc="{escape(html)}"></iframe>'
    planned = plan(message(html), Options(direction=Direction.INBOUND, opens=False))
    assert [link.url for link in planned.links] == (["https://example.com/"] if depth < 3 else [])
    assert planned.manifest.unprotected == (() if depth < 3 else (SkipReason.UNLOCATED,))


def test_links_that_do_not_read_back_as_planned_are_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backstamp.rewriting.planning.read_back.ReadBack.holds", lambda *_: False)
    raw = message("<a href='https://example.com/'>x</a><a href='#1'>y</a>")
    planned = plan(raw, Options())
    assert [each.skip_reason for each in planned.manifest.candidates] == [
        SkipReason.NOT_REPRODUCED,
        SkipReason.FRAGMENT,
    ]
    assert planned.manifest.pixel.skip_reason is SkipReason.UNCLOSED_MARKUP
    assert planned.apply(FixedSealer()).raw == raw


def test_documents_that_are_nested_too_deeply_to_be_looked_into_are_unprotected() -> None:
    html = '<a href="https://example.com/">x</a>'
    for _ in range(5):
        html = f'<iframe srcdoc="{escape(html)}"></iframe>'
    (candidate,) = plan(message(html), Options(direction=Direction.INBOUND)).manifest.candidates
    assert (candidate.carrier, candidate.skip_reason) == (Carrier.SRCDOC, SkipReason.NESTED_DOCUMENT)


NEIGHBOURS = (
    '<a href="https://shop.example/a?b=1&amp;c=2">Shop</a>',
    '<a href="https://shop.example/a/../b">Shop</a>',
    '<a href="https://shop.example/%2e%2e/b">Shop</a>',
    '<a href="https://app.excluded.example/a">App</a>',
    '<a href="https://t.example.net/L1">Ours</a>',
    '<a href="https://lists.example/leave">Leave</a>',
    '<a href="https://shop.example/off" data-backstamp="off">Off</a>',
    '<a href="https://shop.example/words">www.bank.example</a>',
    '<a href="https://www.google.com/url?q=https://inner.example/">Search</a>',
    '<a href="https://nam01.safelinks.protection.outlook.com/?url=https%3A%2F%2Finner.example%2F">Safe</a>',
    '<a href="https://click.example/ls/click?upn=abc">Sent</a>',
    '<form action="https://shop.example/form"></form>',
    '<a href="mailto:a@b.example">Mail</a>',
    '<a href="/relative">Relative</a>',
)


@pytest.mark.parametrize("direction", [*Direction])
def test_what_becomes_of_a_link_does_not_depend_on_the_links_beside_it(direction: Direction) -> None:
    options = Options(
        direction=direction, own_prefixes=("https://t.example.net/",), excluded_hosts=("excluded.example",)
    )
    header = "List-Unsubscribe: <https://lists.example/leave>\n"
    alone = [found for link in NEIGHBOURS for found in decided(link, options, header)]
    for first in range(len(NEIGHBOURS)):
        for behind in range(first + 1, len(NEIGHBOURS) + 1):
            beside = decided("".join(NEIGHBOURS[first:behind]), options, header)
            assert beside == alone[first:behind]


class _SealerOf(FixedSealer):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def link(self, number: int, url: str) -> str:
        return self._url


@pytest.mark.parametrize("sign", [*" \"'<>&\\^`{|}\0\t\r\n\x7f", "\x80", "é", "\u2028"])
def test_a_sealed_url_that_is_not_fit_for_markup_is_put_into_no_message(sign: str) -> None:
    planned = plan(message('<a href="https://example.com/">x</a>'), OUTBOUND)
    with pytest.raises(ValueError, match="a sealed URL must be"):
        planned.apply(_SealerOf(f"https://t.example.net/{sign}"))
