"""Conditional comments that only lay out: no tree is built of them, for nothing would be found in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.other_readers.conditional_comments import is_layout
from backstamp.rewriting.html.other_readers.word_fields import hyperlink_spans
from backstamp.rewriting.html.source.one_line import OneLine

TAGS = st.builds(
    "<{}{}{}{}>".format,
    st.sampled_from(["", "", "/"]),
    st.sampled_from(["table", "TR", "td", "th", "div", "center", "p", "br", "span", "b", "a", "template"]),
    st.sampled_from(
        [
            "",
            "",
            ' align="center"',
            " style='width:600px'\n",
            ' class="HYPERLINK "',
            ' href="http://a.example"',
        ]
    ),
    st.sampled_from(["", "", ' width="600"', " width=600", ' class="<!--[if mso]>"', "/", ' "']),
)
MARKUP = st.lists(
    TAGS | st.sampled_from([" ", "\r\n\t", "\xa0", "www.a.example", "<!--", "&nbsp;"]), max_size=6
)


@given(MARKUP)
def test_in_what_only_lays_out_nothing_is_found_and_what_follows_is_markup(pieces: list[str]) -> None:
    markup = "".join(pieces)
    if not is_layout(markup):
        return
    read = HtmlText(OneLine(markup + "<x-end>"), words=True)
    assert (read.links, read.rivals, read.words, read.containers) == ([], [], [], [])
    assert (read.unlocated, read.base, read.in_doubt, read.is_odd) == (0, None, False, False)
    assert read.tree.select_one("x-end") is not None
    assert list(hyperlink_spans(markup)) == []


@pytest.mark.parametrize(
    "markup",
    [
        '<table align="center" width="600"><tr><td style="width:600px;" valign="top">',
        "\r\n\t</td></tr></table>\r\n",
        "</TD>\n<TD width='300' >",
        "<br/>",
        "",
    ],
)
def test_the_tables_of_newsletters_only_lay_out(markup: str) -> None:
    assert is_layout(markup)


@pytest.mark.parametrize(
    "markup",
    [
        '<a class="b">',
        '<td href="http://a.example">',
        "<td",
        "<td\xa0>",
        "words",
        "<!-- -->",
        "<td>" * 600,
        '<td background="http://a.example/i.png">',
        '<td class="a" ">',
        '<p class="HYPERLINK " style="x">',
    ],
)
def test_whatever_else_stands_there_is_read(markup: str) -> None:
    assert not is_layout(markup)
