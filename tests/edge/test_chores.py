"""What is done beside the requests."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from backstamp.edge.serving.chores import Chore, Chores
from backstamp.shared_files.edge_counters import read_edge_counters
from tests.edge.setting import edge_in, pixel, publish
from tests.edge.test_answers import asker


def test_each_chore_has_its_own_pace() -> None:
    done: list[str] = []
    chores = Chores(Chore("quick", 1, lambda: done.append("q")), Chore("slow", 3, lambda: done.append("s")))
    for now in (100.0, 100.5, 101.0, 102.0, 103.0):
        chores.run(now)
    assert "".join(done) == "qsqqqs"


def test_a_chore_that_fails_stops_no_other_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    broken, done = [True], []

    def fail() -> None:
        if broken:
            raise OSError(28, "No space left on device", "/secret")

    chores = Chores(Chore("doing things", 1, fail), Chore("others", 1, lambda: done.append(1)))
    for now in range(3):
        chores.run(float(now))
    broken.clear()
    for now in range(3, 6):
        chores.run(float(now))
    assert len(done) == 6
    assert [record.getMessage() for record in caplog.records] == [
        "doing things failed: OSError (No space left on device); tried again every 1 s",
        "doing things works again",
    ]


def test_an_edge_whose_policy_cannot_be_looked_at_goes_on_counting_and_answering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    publish(tmp_path)
    edge = edge_in(tmp_path)

    def broken() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(edge._snapshot, "current", broken)
    monkeypatch.setattr(edge._signatures, "table", broken)
    assert asker(edge)(f"/{pixel()}").status == 200
    with closing(asyncio.new_event_loop()) as loop:
        edge.__rsgi_init__(loop)
        assert sum(read_edge_counters(tmp_path / "metrics")[0].answers.values()) == 1
        edge.__rsgi_del__(loop)
    assert [record.getMessage() for record in caplog.records] == [
        "looking at policy and lists failed: RuntimeError; tried again every 0.25 s",
        "looking at the networks failed: RuntimeError; tried again every 0.25 s",
    ]
