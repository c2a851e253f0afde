"""A reply that quotes received mail goes out without our URLs, wherever a mail program put them."""

import re
from html import escape
from urllib.parse import quote

import pytest

from backstamp.rewriting import unwrap
from tests.rewriting.messages import message
from tests.rewriting.rendering import html_body
from tests.rewriting.sealers import BASE

SEALED = f"{BASE}/L1xxxx"
ORIGINAL = "https://shop.example/a?b=1&c='2'"
ESCAPED = "https://shop.example/a?b=1&amp;c=&#39;2&#39;"
TWICE = "https://shop.example/a?b=1&amp;amp;c=&amp;#39;2&amp;#39;"
READER = {SEALED: ORIGINAL, f"{BASE}/P": ""}.get


def unwrapped(html: str) -> str:
    return html_body(unwrap(message(html), READER)).decode()


@pytest.mark.parametrize(
    "html",
    [
        '<a href="@">@</a> @',
        "<p>&lt;@&gt;, (@). @; and @&nbsp;too</p>",
        "<a href='@' title='@' originalsrc='@' data-auth=@>x</a>",
        "<a href='@' title='@ Click to follow'>x</a>",
        "<!--[if mso]><p>@</p><a href='@'>@</a><![endif]-->",
        '<!--[if supportFields]> HYPERLINK "@" <![endif]-->',
        "<!-- @ --><pre>@</pre><textarea>@</textarea>",
        "<img alt='@' src='cid:x'><v:rect href='@'></v:rect>",
        "<b>@</b><i>@</i><p title='>'>@",
        f"https://other.example/L1 @,@ {BASE}/unknown",
        "<div><i>" * 1500 + "<a href='@'>@</a>",
    ],
)
def test_our_urls_become_their_targets_wherever_they_stand(html: str) -> None:
    assert unwrapped(html.replace("@", SEALED)) == html.replace("@", ESCAPED)


def test_of_links_that_share_a_place_the_first_is_undone() -> None:
    field = f'<!--[if supportFields]><p><!--[if supportFields]> HYPERLINK "{SEALED}" <![endif]-->'
    assert unwrapped(field) == field.replace(SEALED, ESCAPED)
    assert unwrapped(f"<p>x<img src='{BASE}/P' formaction='{SEALED}'>y") == "<p>xy"


def test_in_a_document_inside_the_document_they_are_escaped_twice() -> None:
    html = f"<iframe srcdoc=\"<a href='{SEALED}'>{SEALED}</a>\"></iframe>{SEALED}"
    assert unwrapped(html) == f"<iframe srcdoc=\"<a href='{TWICE}'>{TWICE}</a>\"></iframe>{ESCAPED}"


@pytest.mark.parametrize("behind", ["{}", "</a>{}", "&gt;{}", "&gt; &gt;{}"])
def test_the_true_host_behind_it_goes_too(behind: str) -> None:
    for note in (" [shop.example]", "&nbsp;[shop.example]"):
        html = f"{SEALED}{behind.format(note)} x"
        assert unwrapped(html) == f"{ESCAPED}{behind.format('')} x"
    assert unwrapped(f"{SEALED} [other.example]") == f"{ESCAPED} [other.example]"


def test_a_pixel_of_ours_goes_as_a_whole() -> None:
    assert unwrapped(f"<p>{SEALED}</p><img src='{BASE}/P'>") == f"<p>{ESCAPED}</p>"


@pytest.mark.parametrize(
    "source",
    [
        f"https://ci3.googleusercontent.com/meips/ADKq_N=s0-d-e1-ft#{BASE}/P",
        "https://ecp.yusercontent.com/mail?url=https%3A%2F%2Ft.example.net%2FP&amp;t=1",
    ],
)
def test_so_does_one_that_a_webmail_fetches(source: str) -> None:
    assert unwrapped(f"<p>x<img alt src='{source}'>y<img src='{BASE}/unknown'>") == (
        f"<p>xy<img src='{BASE}/unknown'>"
    )


def test_so_does_one_that_a_webmail_has_blocked() -> None:
    for name in ("blockedimagesrc", "data-src", "DFSRC"):
        blocked = f"<img src='blocked.gif' {name}='{BASE}/P'>"
        assert (
            unwrapped(f"<p>x{blocked}y<img alt='{BASE}/P' src=a.gif>")
            == f"<p>xy<img alt='{BASE}/P' src=a.gif>"
        )


@pytest.mark.parametrize(
    "image",
    [
        "<v:imagedata src='cid:a' o:href='@'/>",
        "<!--[if gte vml 1]><v:shape alt='@'><v:imagedata src='cid:a' o:href=\"@\"\n/></v:shape><![endif]-->",
        "<!--[if mso]><p><img width=1 src='@'></p><!--[if x]><IMG alt='>' src=@><![endif]-->",
    ],
)
def test_so_does_one_that_outlook_has_made_a_shape_of(image: str) -> None:
    gone = re.sub(r"(?i)<(?:img|v:imagedata)\b(?:'[^']*'|[^'>])*>", "", image)
    assert gone != image
    assert unwrapped(f"<p>x{image}y".replace("@", f"{BASE}/P")) == f"<p>x{gone}y".replace("@", f"{BASE}/P")
    for other in (f"{BASE}/unknown", SEALED):
        assert len(unwrapped(image.replace("@", other))) >= len(image)


WRAPPED = [
    "https://eur01.safelinks.protection.outlook.com/?url={}&data=05%7C02&reserved=0",
    "https://urldefense.com/v3/__https://t.example.net/L1xxxx__;!!AbC!dEf$",
    "https://urldefense.proofpoint.com/v2/url?u=https-3A__t.example.net_L1xxxx&d=DwMF",
    "https://www.google.com/url?q={}&source=gmail&ust=1",
    "https://www.google.com/url?q=https://t.example.net/L1xxxx&source=gmail&ust=1",
]


@pytest.mark.parametrize("wrapper", WRAPPED)
def test_ours_in_the_link_of_another_vendor_is_its_target(wrapper: str) -> None:
    url = wrapper.format(quote(SEALED, safe=""))
    twice = WRAPPED[0].format(quote(url, safe=""))
    for link in (url, twice):
        written = escape(link)
        html = f"<a href='{written}'>x</a> {written}, ({written})看 {written}?看"
        assert unwrapped(html) == f"<a href='{ESCAPED}'>x</a> {ESCAPED}, ({ESCAPED})看 {ESCAPED}?看"
        text = unwrap(message(f"> <{link}>\n{link}.\n", "text/plain"), READER)
        assert text.endswith(f"\r\n\r\n> <{ORIGINAL}>\r\n{ORIGINAL}.\r\n".encode())
    other = wrapper.replace("t.example.net", "u.example.net").format("https%3A%2F%2Fu.example.net%2FL1xxxx")
    html = f"<a href='{escape(other)}'>{escape(other)}"
    assert unwrapped(html) == html


@pytest.mark.parametrize(
    "mark", ["<wbr>", "<WBR />", "&shy;", "&#8203;", "&#x200B;", "&ZeroWidthSpace;", "\u200b"]
)
def test_our_urls_are_known_where_long_words_are_parted(mark: str) -> None:
    parted = f"{SEALED[:20]}{mark}{SEALED[20:25]}{mark}{SEALED[25:]}"
    html = f"<a href='{SEALED}'>{parted}</a>{mark} {parted}&nbsp;[shop.example] wo{mark}rd {SEALED}{mark}x"
    assert unwrapped(html) == (
        f"<a href='{ESCAPED}'>{ESCAPED}</a>{mark} {ESCAPED} wo{mark}rd {ESCAPED}{mark}x"
    )
