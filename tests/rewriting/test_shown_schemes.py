"""Words of received links that are a web address: without their scheme no mail program opens them instead."""

import re
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from turbohtml import parse

from backstamp.rewriting import Direction, Options, ShownUrls, VisibleUrls, plan, unwrap
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.planning.read_back import PROBE_LINK, ReadBack
from tests.rewriting.html_documents import BROKEN, TIDY
from tests.rewriting.html_trees import SEALED
from tests.rewriting.messages import message
from tests.rewriting.rendering import html_body
from tests.rewriting.sealers import FixedSealer

KEPT = Options(direction=Direction.INBOUND, opens=False, own_prefixes=("https://t.example.net/",))
BARE = replace(KEPT, shown_urls=ShownUrls.WITHOUT_SCHEME)
SEALER = FixedSealer(0)
A1, A2 = (f'<a href="https://t.example.net/L{number}">' for number in (1, 2))
_WITHOUT = re.compile(r"https?:[/\\\\]*|&#?[0-9a-z]+;?|</?a\b[^>]*>|h(?=ttp)", re.IGNORECASE)
"""What may be missing, and where links of ours may begin."""
WORDS = st.sampled_from(
    [
        "https://a.example/x",
        " http://a.example",
        "&lt;https://a.example/&gt;",
        "<b>HTTPS://a.example</b>",
        "&#104;ttps://a.example/x",
        "https:<wbr>//a.example",
        '"https://a.example/b"',
        "&nbsp;https://&uuml;.example",
        "<img alt='https://a.example'>",
        "<img src=x>https://a.example",
        "<svg><text>https://a.example",
        "https://www.example.net",
        "www.a.example",
        "https: a word",
        "a shop",
    ]
)


def rewritten(html: str, options: Options = BARE, cte: str = "8bit") -> str:
    raw = message(html, cte=cte)
    made = plan(raw, options).apply(SEALER)
    assert unwrap(made.raw, dict[str, str]().get, made.manifest) == raw
    return html_body(made.raw).decode()


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("https://a.example/x", "a.example/x"),
        ("HTTP://a.example", "a.example"),
        ("\r\n  https://a.example ", "\r\n  a.example "),
        ("<b><u class=x>https://a.example</u></b>", "<b><u class=x>a.example</u></b>"),
        ("&lt;https://a.example&gt;", "&lt;a.example&gt;"),
        ('"https://a.example"', '"a.example"'),
        ("&nbsp;https://&uuml;.example/\u0436", "&nbsp;&uuml;.example/\u0436"),
        ("&#104;ttps://a.example", "ttps://a.example"),
        ("https:/\\a.example", "a.example"),
        ("https://a.example/ or more", "a.example/ or more"),
        ("<img src=x><img alt=' '>https://a.example/", "<img src=x><img alt=' '>a.example/"),
        ("<svg><text>https://a.example</text></svg>", "<svg><text>a.example</text></svg>"),
        ("<math><mtext>https://a.example", "<math><mtext>a.example"),
        ("<b><img alt='https://a.example/'></b>", "<b><img alt='a.example/'></b>"),
        ('<img alt=" &lt;https://a.example&gt;"> now', '<img alt=" &lt;a.example&gt;"> now'),
    ],
)
def test_words_that_are_a_web_address_lose_their_scheme(words: str, left: str) -> None:
    html = f'<p><a href="https://b.example/">{words}</a> and more</p>'
    assert rewritten(html) == f"<p>{A1}{left}</a> and more</p>"
    assert rewritten(html, KEPT) == f"<p>{A1}{words}</a> and more</p>"


@pytest.mark.parametrize(
    "markup",
    [
        "<div>{}</div>",
        "<h1><mark title='>'>{}</mark></h1>",
        '<table><tr><td width="1">{}</table>',
        "<x-y>{}</x-y>",
        "<b></b><!-- <b> -->{}",
        "<br>{}",
    ],
)
def test_the_scheme_goes_whatever_markup_stands_around_the_words(markup: str) -> None:
    """A stranger may choose it, and Thunderbird takes the text of all that is in the link."""
    html = f'<a href="https://b.example/">{markup}</a>'
    assert rewritten(html.format("https://a.example")) == html.format("a.example").replace(
        '<a href="https://b.example/">', A1
    )


@pytest.mark.parametrize(
    "words",
    [
        "a.example/x",
        "see https://a.example/",
        "https://www.example.net/of-our-domain",
        "http sources",
        "mailto:x@a.example",
        "<img alt=https://a.example/>",
        "<img alt='our shop'>https://a.example/",
        "https:<wbr>//a.example/",
        "<pre>https://\r\na.example/</pre>",
        "<style>https://b.example</style>https://a.example/",
        "https://",
        "\u200bhttps://a.example/",
        "https://https://a.example/",
    ],
)
def test_other_words_stay(words: str) -> None:
    assert rewritten(f'<a href="https://b.example/">{words}</a>') == f"{A1}{words}</a>"


@pytest.mark.parametrize(
    "words",
    [
        "https:<wbr>//a.example",
        "h<b>ttps://a.example",
        "<pre>https:\r\n//a.example</pre>",
        "<table><colgroup>https: //a.example</table>",
        "<b x=a'>https://a.example' >https://b.example</b>",
        '<b "x=">https://a.example">https://b.example</b>',
        "<!-->https://b.example<i title='-->https://x'></i>",
        "<img alt=https://a.example>",
        "<u title='" + "x" * 3000 + "'>https://a.example</u>",
    ],
)
def test_one_link_that_must_keep_its_scheme_keeps_no_other_from_losing_its_own(words: str) -> None:
    html = f'<a href="https://b.example/">{{}}</a><p><a href="https://c.example/">{words}</a></p>'
    bare = rewritten(html.format("https://a.example/x"))
    assert bare == rewritten(html.format("a.example/x"), KEPT)


@pytest.mark.parametrize("between", ["<frameset>", "\0<frameset>", " <frameset>", "&#32;<frameset>", "<wbr>"])
def test_where_a_text_would_vanish_with_its_scheme_the_scheme_stays(between: str) -> None:
    """Where no text stands before it, a <frameset> takes the place of the body and all its links."""
    html = f'<a href="https://b.example/">https:{between}//a.example</a><a href="https://c.example/">{{}}</a>'
    assert rewritten(html.format("https://a.example/x")) == rewritten(html.format("a.example/x"), KEPT)


def test_a_link_of_svg_loses_its_scheme_and_two_in_one_another_lose_it_once() -> None:
    vml = "<v:a href={}><v:b href={}>{}</v:b></v:a>"
    kept = vml.format('"https://t.example.net/L1"', '"https://t.example.net/L2"', "a.example")
    assert rewritten(vml.format('"https://b.example/"', '"https://c.example/"', "https://a.example")) == kept
    svg = "<svg><a xlink:href={}><a href={}><text>https://a.example</text></a></a></svg>"
    assert rewritten(svg.format('"https://b.example/"', '"https://c.example/"')) == svg.format(
        '"https://t.example.net/L1"', '"https://t.example.net/L2"'
    ).replace("https://a.", "a.")


def test_the_link_around_an_address_in_words_begins_behind_its_scheme() -> None:
    html = "<p>Go to https://a.example/x, or to &#104;ttps://b.example/</p>"
    assert (
        rewritten(html) == f"<p>Go to https://{A1}a.example/x</a>, or to {A2}&#104;ttps://b.example/</a></p>"
    )


def test_sent_mail_keeps_its_words() -> None:
    html = '<a href="https://b.example/">https://a.example/</a>'
    options = replace(BARE, direction=Direction.OUTBOUND, visible_urls=VisibleUrls.REWRITE)
    assert rewritten(html, options) == f"{A1}https://a.example/</a>"


@given(
    st.lists(st.tuples(TIDY | st.sampled_from(BROKEN), WORDS), min_size=1, max_size=4),
    st.sampled_from(["8bit", "quoted-printable", "base64"]),
)
@settings(max_examples=100, deadline=None)
def test_nothing_but_schemes_is_left_out_and_no_link_is_lost(pieces: list[tuple[str, str]], cte: str) -> None:
    html = "".join(f"{around}<a href=https://b.example/>{words}</a>{words}" for around, words in pieces)
    kept, bare = rewritten(html, KEPT, cte), rewritten(html, BARE, cte)
    assert SEALED.findall(kept) == SEALED.findall(bare)
    assert _WITHOUT.sub("", bare) == _WITHOUT.sub("", kept)


def test_in_the_tree_that_reads_back_the_links_of_all_words_are_sought_at_once() -> None:
    """One by one 4,900 links in 1 MB took 7 s, and in 2.6 MB more than a message may cost."""
    words = "https://a.example"
    html = HtmlText(OneLine(f'<a href="https://b.example/">{words}</a>' * 50))
    for link in html.links:
        start = html.source.index(words, link.end)
        link.shown_scheme = (start, start + len("https://"))
    read_back = ReadBack(html, html.links)
    tree = parse("".join(f'<a href="{PROBE_LINK}/{number}">a.example</a>' for number in range(50)))
    counting = Mock(wraps=tree)
    assert read_back._put_schemes_back(counting) == []
    assert [each.text for each in tree.select(f'[href="{PROBE_LINK}"]')] == [words] * 50
    assert counting.select.call_count == 1
