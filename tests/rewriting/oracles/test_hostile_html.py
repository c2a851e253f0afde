"""Every link that any oracle sees in a hostile document is wrapped or listed; so is where it leads."""

import random
import re
import time

import pytest

from backstamp.rewriting import Direction, Options
from tests.rewriting.messages import message
from tests.rewriting.oracles.hostile import Hostile, hostile_documents
from tests.rewriting.oracles.judge import Case, Miss, judge, rewritten_case, told
from tests.rewriting.oracles.panel import Panel, views
from tests.rewriting.oracles.splicing import pieces_of, spliced

DOCUMENTS = hostile_documents()
LF, CRLF = b"\n", b"\r\n"
NOT_SPLICED = re.compile(r"<!(?:--)?\s*\[|shadowrootmode")
"""A shadow root has a document read with scripts, and is gone where it stands in an address that is wrapped.
Conditions put together at random make one link lie in another's address for Outlook, and a wrapped one then
changes what it reads there: what is to be listed cannot be told from the output alone."""
Judged = dict[str, list[Miss]]


def cases(document: Hostile, cte: str = "8bit") -> list[Case]:
    return [
        rewritten_case(message(document.html, cte=cte, newline=newline), Options(direction=direction))
        for direction in Direction
        for newline in (LF, CRLF)
    ]


@pytest.fixture(scope="module")
def rewritten() -> dict[str, list[Case]]:
    return {document.name: cases(document) for document in DOCUMENTS}


@pytest.fixture(scope="module")
def judged(panel: Panel, rewritten: dict[str, list[Case]]) -> Judged:
    panel.learn(text for found in rewritten.values() for case in found for text in case.documents)
    return {
        name: [miss for case in found for miss in judge(case, panel)] for name, found in rewritten.items()
    }


def test_there_are_many_hostile_documents_each_with_its_own_name() -> None:
    assert len(DOCUMENTS) >= 400
    assert len({document.name for document in DOCUMENTS}) == len(DOCUMENTS)


@pytest.mark.parametrize("name", [each.name for each in DOCUMENTS])
def test_every_link_is_wrapped_with_its_target_or_listed(name: str, judged: Judged) -> None:
    assert judged[name] == [], told(judged[name])


@pytest.mark.parametrize("document", DOCUMENTS, ids=[each.name for each in DOCUMENTS])
def test_some_oracle_sees_a_link_or_the_document_says_that_there_is_none(
    document: Hostile, panel: Panel
) -> None:
    texts = [view for _, view in views(document.html)]
    panel.learn(texts)
    seen = any(reading.links for text in texts for reading in panel.readings(text))
    assert seen is not document.attacks.startswith("no link:")


@pytest.mark.parametrize("document", DOCUMENTS, ids=[each.name for each in DOCUMENTS])
def test_no_hostile_document_is_left_alone_as_a_whole_unless_it_says_so(
    document: Hostile, rewritten: dict[str, list[Case]]
) -> None:
    expected = document.attacks.rpartition("left alone as ")[2].replace(" ", "_")
    for case in rewritten[document.name]:
        reasons = {part.skip_reason for part in case.manifest.parts} - {None}
        assert reasons <= {expected}


@pytest.mark.soak
@pytest.mark.parametrize("cte", ["quoted-printable", "base64"])
def test_so_it_is_in_every_transfer_encoding(panel: Panel, cte: str) -> None:
    for document in DOCUMENTS:
        for case in cases(document, cte):
            panel.learn(case.documents)
            misses = judge(case, panel)
            assert misses == [], f"{document.name}: {told(misses)}"


@pytest.mark.parametrize(
    ("count", "seed"),
    [(400, 20_260_501), pytest.param(40_000, int(time.time()), marks=pytest.mark.soak)],
)
def test_documents_spliced_from_pieces_of_hostile_ones_are_accounted_for(
    panel: Panel, count: int, seed: int
) -> None:
    sound = [each.html for each in DOCUMENTS if "left alone" not in each.attacks]
    pieces = [piece for piece in pieces_of(sound) if not NOT_SPLICED.search(piece)]
    pieces += [f"<a href=https://links.example/{number}>" for number in range(len(pieces) // 6)]
    dice = random.Random(seed)
    for _ in range(0, count, 400):
        batch = [
            rewritten_case(
                message(text, newline=dice.choice((LF, CRLF))), Options(direction=dice.choice([*Direction]))
            )
            for text in spliced(pieces, 400, dice)
        ]
        panel.learn((text for case in batch for text in case.documents), thorough=False)
        for case in batch:
            misses = judge(case, panel)
            assert misses == [], f"seed {seed}: {case.before[0].text!r}\n{told(misses)}"
        panel.forget()
