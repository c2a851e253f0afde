"""What holds for every HTML text: links change in the author's own quotes, one image is new, nothing else."""

import re
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.rewriting import Direction, Options, Plan, plan
from tests.rewriting.html_documents import WHOLE, WILD
from tests.rewriting.html_trees import SEALED, Item, differs_by_links_only, items_of, without
from tests.rewriting.messages import message
from tests.rewriting.rendering import html_body
from tests.rewriting.sealers import FixedSealer

SEALER = FixedSealer()
CTES = st.sampled_from(["8bit", "binary", "quoted-printable", "base64"])
NEWLINES = st.sampled_from([b"\r\n", b"\n"])
OUTBOUND = Options()
"""Links and pixel."""


def rewritten(html: str, cte: str, newline: bytes) -> tuple[str, str, Plan]:
    """Return the HTML before and after, as Python's own parser reads it from the message."""
    raw = message(html, cte=cte, newline=newline)
    planned = plan(raw, OUTBOUND)
    return html_body(raw).decode(), html_body(planned.apply(SEALER).raw).decode(), planned


def pixels(items: list[Item]) -> list[Item]:
    return [item for item in items if ("src", SEALER.pixel()) in item.attributes]


@given(WHOLE | WILD, CTES, NEWLINES)
@settings(max_examples=250, deadline=None)
def test_the_tree_differs_by_the_links_and_one_image_only(html: str, cte: str, newline: bytes) -> None:
    before, after, planned = rewritten(html, cte, newline)
    old, new = items_of(before), items_of(after)
    if planned.has_pixel:
        (pixel,) = pixels(new)
        assert pixel.text.endswith(":img")
        assert {"width": "1", "height": "1", "alt": ""}.items() <= dict(pixel.attributes).items()
        new = without(new, pixel)
    assert pixels(new) == []
    assert len(old) == len(new)
    for one, other in zip(old, new, strict=True):
        assert differs_by_links_only(one, other), (one, other)


@given(WHOLE | WILD, CTES, NEWLINES)
@settings(max_examples=120, deadline=None)
def test_each_sealed_url_stands_in_the_html_as_often_as_it_is_planned(
    html: str, cte: str, newline: bytes
) -> None:
    _, after, planned = rewritten(html, cte, newline)
    assert [int(number) for number in SEALED.findall(after)] == [link.number for link in planned.links]
    assert after.count(SEALER.pixel()) == planned.has_pixel


@given(WHOLE | WILD, NEWLINES, st.sampled_from(list(Direction)))
@settings(max_examples=200, deadline=None)
def test_the_authors_quotes_and_all_octets_about_a_value_stay(
    html: str, newline: bytes, direction: Direction
) -> None:
    # Behind one long line binary has others.
    raw = message(f"<!--{'x' * 998}-->\n{html}", cte="binary", newline=newline)
    planned = plan(raw, Options(direction=direction, opens=False))
    out = planned.apply(SEALER).raw
    position = 0
    for candidate in planned.manifest.candidates:
        if candidate.number is None:
            continue
        kept = raw[position : candidate.start]
        assert out.startswith(kept)
        opening = re.search(rb"[^\s\"'>/=]+[ \t\r\n\f]*=[ \t\r\n\f]*([\"']?)$", raw[: candidate.start])
        assert opening is not None, raw[: candidate.start]
        closing = raw[candidate.end : candidate.end + 1]
        assert closing == opening[1] if opening[1] else closing in b" \t\r\n\f>/"
        value = SEALER.link(candidate.number, candidate.url).encode()
        out = out.removeprefix(kept)
        assert out.startswith(value)
        out = out.removeprefix(value)
        position = candidate.end
    assert out == raw[position:]


class Tags(HTMLParser):
    """The start tags of an HTML text, as Python's own tokenizer reads them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


@given(WHOLE, CTES, NEWLINES)
@settings(max_examples=200, deadline=None)
def test_pythons_own_tokenizer_sees_the_same_tags_and_one_image_more(
    html: str, cte: str, newline: bytes
) -> None:
    before, after, planned = rewritten(html, cte, newline)
    old, new = Tags(before).found, Tags(after).found
    images = [tag for tag in new if ("src", SEALER.pixel()) in tag[1]]
    assert len(images) == planned.has_pixel
    new = [tag for tag in new if tag not in images]
    assert [tag for tag, _ in old] == [tag for tag, _ in new]
    sealed: list[str] = []
    for (_, attributes), (_, changed) in zip(old, new, strict=True):
        for (name, value), (new_name, new_value) in zip(attributes, changed, strict=True):
            assert name == new_name
            if value != new_value:
                assert new_value is not None
                sealed.append(new_value)
    shown = [each for each in planned.manifest.candidates if each.number is not None and not each.conditional]
    assert sealed == [SEALER.link(each.number or 0, each.url) for each in shown]
