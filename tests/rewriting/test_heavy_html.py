"""A heavy document has a tree without locations, and what is found in it is the same."""

import pytest

from backstamp.rewriting import Direction, Options, plan
from backstamp.rewriting.html import document_tree
from backstamp.rewriting.html.document_tree import DocumentTree
from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.source import tree_cost
from backstamp.rewriting.html.source.one_line import OneLine
from tests.rewriting.messages import message
from tests.rewriting.sealers import FixedSealer

ROWS = '<tr><td><a href="https://example.com/a">x</a></td></tr>\r\n' * 3000
TABLE = f"<html><body><table>{ROWS}</table>"
LETTER = f"{TABLE}</body>\r\n</html>\r\n"
CONDITION = "<!--[if mso]><a href='https://example.com/b'>y</a><![endif]-->"

HEAVY = {
    "one that ends as most do": (LETTER, 1),
    "one without an end": (TABLE, 3),
    "one that ends twice": (LETTER + LETTER, 3),
    "one whose body nobody opened": (LETTER.replace("<body>", ""), 3),
    "one with a condition": (LETTER.replace("</table>", f"{CONDITION}</table>"), 2),
    "one with an address in its words": (LETTER.replace("</table>", "</table>https://example.com/c "), 1),
    "one with odd tags": (LETTER.replace("<table>", "<A\r\nHREF = 'https://example.com/d'>z</A><table>"), 1),
    "one with a document in it": (
        LETTER.replace("<table>", "<iframe srcdoc='<a href=https://example.com/e>f</a>'></iframe><table>"),
        1,
    ),
}


@pytest.mark.parametrize(("html", "trees"), HEAVY.values(), ids=HEAVY)
@pytest.mark.parametrize("direction", list(Direction))
def test_it_is_rewritten_as_if_it_were_light(
    html: str, trees: int, direction: Direction, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tree_cost.is_heavy(html)
    raw = message(html)
    heavy = plan(raw, Options(direction=direction)).apply(FixedSealer())
    monkeypatch.setattr(document_tree, "is_heavy", lambda _: False)
    light = plan(raw, Options(direction=direction)).apply(FixedSealer())
    assert (heavy.raw, heavy.manifest) == (light.raw, light.manifest)
    assert len(heavy.manifest.candidates) >= 3000


@pytest.mark.parametrize(("html", "trees"), HEAVY.values(), ids=HEAVY)
def test_its_tree_knows_no_locations_and_another_is_built_only_where_one_is_wanted(
    html: str, trees: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    located: list[bool] = []
    parse = DocumentTree._parse

    def counted(self: DocumentTree, *, locations: bool) -> object:
        if len(self._source) > tree_cost.BIG:
            located.append(locations)
        return parse(self, locations=locations)

    monkeypatch.setattr(DocumentTree, "_parse", counted)
    tree = HtmlText(OneLine(html)).tree
    assert all(element.source_location is None for element in tree.select("a"))
    assert (len(located), located[-1]) == (trees, False)


def test_a_text_with_few_tags_is_not_heavy() -> None:
    assert not tree_cost.is_heavy(LETTER.replace(">x<", f">{'x' * 600}<"))
    assert not tree_cost.is_heavy(LETTER[: tree_cost.BIG])
