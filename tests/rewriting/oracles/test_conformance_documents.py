"""The inputs of html5lib's tree-construction tests, with links put in: the oracles see what we see."""

from collections.abc import Iterable

import pytest

from backstamp.rewriting import Direction, Options
from tests.corpus import corpus
from tests.rewriting.messages import message
from tests.rewriting.oracles.conformance import conformance_inputs, with_links
from tests.rewriting.oracles.judge import judge, rewritten_case, told
from tests.rewriting.oracles.panel import Panel

INBOUND = Options(direction=Direction.INBOUND)
BATCH = 1000


@pytest.fixture(scope="module")
def inputs() -> list[str]:
    found = conformance_inputs(corpus("html5lib-tests"))
    assert len(found) > 1500
    return found


def missed(panel: Panel, texts: Iterable[str], places: int) -> str:
    documents = [document for text in texts for document in with_links(text, places)]
    found: list[str] = []
    for start in range(0, len(documents), BATCH):
        batch = documents[start : start + BATCH]
        cases = [rewritten_case(message(text, newline=b"\n"), INBOUND) for text in batch]
        panel.learn((text for case in cases for text in case.documents), thorough=False)
        for text, case in zip(batch, cases, strict=True):
            misses = judge(case, panel)
            if misses:
                found.append(f"{text!r}\n{told(misses)}")
        panel.forget()
    return "\n".join(found)


@pytest.mark.parametrize("places", [1, pytest.param(1000, marks=pytest.mark.soak)])
def test_every_link_put_into_the_corpus_of_html5lib_is_accounted_for(
    panel: Panel, inputs: list[str], places: int
) -> None:
    assert missed(panel, inputs, places) == ""
