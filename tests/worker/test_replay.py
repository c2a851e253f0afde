"""What `backstamp verdict` says of a hit, the server says of the same over HTTP, keeping no address."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backstamp.journal import Batch, RecordId
from backstamp.records.database.instants import instant
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Event
from backstamp.verdicts import verdict
from backstamp.verdicts.reading import read_hit
from tests.corpus import corpus
from tests.edge.server_process import ServerProcess, running_edge
from tests.edge.setting import publish
from tests.worker.replay import mail_of, perform, replayable, story_of

LABELLED = Path(__file__).parents[1] / "verdicts" / "labelled.jsonl"


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[ServerProcess]:
    publish(tmp_path)
    with running_edge(tmp_path) as server:
        yield server


def replayed(
    server: ServerProcess, directory: Path, lines: list[dict[str, Any]]
) -> dict[int, tuple[str, str]]:
    """Return for each line the server's actor and the command's."""
    found: dict[int, tuple[str, str]] = {}
    for number, line in enumerate(lines):
        story = story_of(line, number)
        hits = perform(server, directory, number, story)
        records = [*mail_of(number, story, hits[0]), *hits]
        assert all(hit.address is None for hit in hits)
        batch = Batch(
            [(RecordId(f"story{number}", 100 * at), record) for at, record in enumerate(records)],
            {f"story{number}": 100 * len(records)},
        )
        ingest(batch, instant(hits[0].at_us + 3600 * 1_000_000))
        judged = Event.objects.get(
            message_id=to_database(hits[0].tracking_id),
            producer=f"story{number}",
            position=100 * records.index(hits[0]),
        )
        # The command is given the AS number and the name of the address, too, which the server does not keep.
        _, facts, context = read_hit(json.dumps(line), today=datetime.now(UTC).date())
        found[number] = judged.actor, verdict(facts, context).actor.value
    return found


def test_our_own_labelled_hits_are_judged_alike_by_the_server_and_the_command(
    edge: ServerProcess, tmp_path: Path
) -> None:
    lines = [json.loads(line) for line in LABELLED.read_text().splitlines()]
    found = replayed(edge, tmp_path, lines)
    assert len(lines) > 20
    assert [(n, said) for n, said in found.items() if len(set(said)) > 1] == []
    labels = {line["id"]: line["expected"] for line in lines}
    assert {lines[n]["id"]: server for n, (server, _) in found.items()} == labels


def test_the_corpus_replayed_over_http_gets_the_actors_of_the_command(
    edge: ServerProcess, tmp_path: Path
) -> None:
    lines = [json.loads(line) for line in corpus("hits-dev.jsonl").read_text().splitlines()]
    lines = [line for line in lines if replayable(line)]
    found = replayed(edge, tmp_path, lines)
    assert len(lines) > 140
    differ = {lines[n]["id"]: said for n, said in found.items() if len(set(said)) > 1}
    assert differ == {}
