"""Two trees have one digest where they are equal, and only there; big texts are compared by it."""

from unittest.mock import patch

import turbohtml
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.rewriting import Direction, Options, plan
from backstamp.rewriting.html.source import tree_cost
from backstamp.rewriting.html.tree_digest import tree_digest
from backstamp.rewriting.planning import read_back
from backstamp.rewriting.reporting.reasons import SkipReason
from tests.rewriting.html_documents import WHOLE, WILD
from tests.rewriting.sealers import FixedSealer

ALIKE = [
    "<p>x</p>",
    "<p>x</p><p></p>",
    "<p>x<p></p></p>",
    "<p><b>x</b></p>",
    "<p>x</p><!--c-->",
    "<p>x</p><!--d-->",
    "<!doctype html><p>x</p>",
    "<!doctype html PUBLIC 'a' 'b'><p>x</p>",
    "<!doctype html PUBLIC 'a' 'c'><p>x</p>",
    "<svg><a href=x></a></svg>",
    "<math><a href=x></a></math>",
    "<a href=x></a>",
    "<a href=x title></a>",
    "<a href=x><b></b></a>",
    "<template><svg><a href=x></a></svg></template>",
    "<template><math><a href=x></a></math></template>",
    "<xmp>&lt;b></xmp>",
    "<xmp><b></xmp>",
    "<p>&lt;b></p>",
    "<plaintext></p>",
    "<template><p>x</p></template>",
    "<template></template><p>x</p>",
    "<style><b>x</b></style>",
    "<?x y?><p>x</p>",
    "<?x z?><p>x</p>",
]
BIG = "<p>words that fill a letter until it is a big one</p>\n" * 6000
HEADER = b"Content-Type: text/html; charset=utf-8\r\n\r\n"


@settings(deadline=None)
@given(st.sampled_from(ALIKE) | WHOLE | WILD, st.sampled_from(ALIKE) | WHOLE | WILD)
def test_trees_have_one_digest_where_they_are_equal_and_only_there(one: str, other: str) -> None:
    for first, second in ((one, one), (one, other), (one, one.replace("x", "y", 1))):
        tree, rival = turbohtml.parse(first, source_locations=True), turbohtml.parse(second, positions=False)
        assert (tree_digest(tree) == tree_digest(rival)) is tree.equals(rival)


def test_trees_that_look_alike_have_different_digests() -> None:
    digests = {tree_digest(turbohtml.parse(source)): source for source in ALIKE}
    assert len(digests) == len(ALIKE)


@settings(deadline=None)
@given(WHOLE | WILD, st.sampled_from(Direction))
def test_a_text_is_rewritten_alike_whether_it_counts_as_big_or_not(html: str, direction: Direction) -> None:
    raw = HEADER + html.encode()
    small = plan(raw, Options(direction=direction)).apply(FixedSealer())
    with (
        patch.object(read_back, "BIG", -1),
        patch.object(tree_cost, "BIG", -1),
        patch.object(tree_cost, "_CHARACTERS_OF_A_TAG", 1_000_000),
    ):
        big = plan(raw, Options(direction=direction)).apply(FixedSealer())
    assert (big.raw, big.manifest) == (small.raw, small.manifest)


def test_links_and_pixel_of_a_big_text_are_put_in() -> None:
    html = f'<body>{BIG}<a href="https://example.com/">x</a>\n<!--[if mso]><a href="https://example.org/"><![endif]-->'
    assert len(html) > tree_cost.BIG
    out = plan(HEADER + html.encode(), Options()).apply(FixedSealer()).raw
    assert out.count(f'"{FixedSealer().link(1, "")}"'.encode()) == 1
    assert out.count(f'"{FixedSealer().link(2, "")}"'.encode()) == 1
    assert out.count(b"<img ") == 1


def test_a_pixel_that_would_change_a_big_text_is_not_put_in() -> None:
    raw = HEADER + f'<body>{BIG}<a href="https://example.com/">x</a><div title="'.encode()
    planned = plan(raw, Options())
    assert planned.manifest.pixel.skip_reason is SkipReason.UNCLOSED_MARKUP
    assert len(planned.links) == 1
