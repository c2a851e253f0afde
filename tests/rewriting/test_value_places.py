"""The places of attributes, read from the source alone, are those that the parser tells of."""

import re

import turbohtml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from turbohtml import SourceLocation

from backstamp.rewriting.html.source.value_places import end_of_start_tag, value_span
from tests.rewriting.html_documents import WHOLE, WILD

PIECES = st.sampled_from(
    [
        *("<a", "<A", "<svg", "<form", "<td", "<b", "<math", ">", "/", "<", "</a>", "</b>", "</svg>", "<p>"),
        *(" ", "  ", "\t", "\f", "\0", "é", "`", "&amp;", '"', "'", "x", "http://a", "<title>"),
        *("href", "HREF", "hReF", "src", "xlink:href", "xlink:HREF", "=", "= ", " =", "<a href=1>"),
        *("<!--", "-->", "href=x", "href='y'", 'href="z"', "data-x="),
    ]
)
TORN = st.lists(PIECES, min_size=2, max_size=30).map("".join)
VALUE = re.compile(r"[^ \t\n\f\r][^ \t\n\f\r=]*[ \t\n\f\r]*=[ \t\n\f\r]*([\"']?)")


@settings(max_examples=400, deadline=None)
@given(TORN | WHOLE | WILD)
@example("<a href=x>1</a><body href=y>")
@example('<a title=">" href = \'a"b\' href=second>')
@example("<a href= ><a href><a / href=/x/>")
@example("<svg><a xlin\u212a:href=1 xlink:href=2>3</a></svg>")
@example("<p><a href=1><p>2</p><div>3</a>4</div>")
@example("<a <a\0</a>")
def test_a_value_stands_where_the_parser_found_it(html: str) -> None:
    source = html.replace("\r", " ").replace("\n", " ")
    tree = turbohtml.parse(source, source_locations=True)
    originals: dict[int, SourceLocation] = {}
    for element in tree.select("*"):
        column, location = element.source_col, element.source_location
        if column is None:
            assert all(value_span(source, element, name) is None for name in element.attrs)
            continue
        # A copy of the tree's own has no location.
        location = originals.setdefault(column, location) if location is not None else originals.get(column)
        assert location is not None
        assert location.start_tag is not None
        assert end_of_start_tag(source, column) == location.start_tag.end_offset
        for name in element.attrs:
            # No name that is sought has what stands for a null character.
            if name.islower() and "\ufffd" not in name:
                assert value_span(source, element, name) == by_location(source, location, name)


def by_location(source: str, location: SourceLocation, name: str) -> tuple[int, int, str] | None:
    span = location.attrs.get(name)
    if span is None:
        return None
    opening = VALUE.match(source, span.start_offset, span.end_offset)
    if opening is None:
        return span.end_offset, span.end_offset, ""
    return opening.end(), span.end_offset - len(opening[1]), opening[1]
