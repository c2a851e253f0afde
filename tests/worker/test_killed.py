"""`kill -9` of the worker at any moment: the records end as if nothing had happened."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from backstamp.journal import Batch, JournalReader, JournalWriter
from backstamp.records.ingest.batches import ingest
from backstamp.records.ingest.journal_cursors import cursors
from backstamp.records.models import Alert, Event
from backstamp.records.outbox import channels
from backstamp.tokens.tracking_ids import first_at
from backstamp.vocabulary import ChannelKind, EventType, JournalRecord
from tests.database import empty_database
from tests.records.dump import dump
from tests.records.journal_records import ANNA, BERT, OTHER_SOURCE, SOURCE, click, delivery, pixel, queued
from tests.records.journal_records import START_US as THEN_US
from tests.records.received import followed, received
from tests.worker.channels.hook_server import hook_server

MESSAGES = 40


@contextmanager
def worker(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker that has begun its work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.worker.worker_process", str(directory)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def story(dice: random.Random, message: int) -> list[JournalRecord]:
    """What is journalled about one message, an hour ago, shuffled a little."""
    records: list[JournalRecord] = [queued(message=message), delivery(1, message=message)]
    records += [
        delivery(2, message=message, index=1, type_=EventType.DEFERRED, code=451),
        *(pixel(600 + n, message=message, key=dice.choice((ANNA, BERT))) for n in range(3)),
        *(
            click(700 + n / 3, message=message, link=n, source=dice.choice((SOURCE, OTHER_SOURCE)))
            for n in range(4)
        ),
        delivery(900, message=message, index=1),
    ]
    dice.shuffle(records)
    return an_hour_ago(records)


def an_hour_ago(records: Iterable[JournalRecord]) -> list[JournalRecord]:
    shift = time.time_ns() // 1000 - 3600 * 1_000_000 - THEN_US
    return [msgspec.structs.replace(record, at_us=record.at_us + shift) for record in records]


def killed_again_and_again(directory: Path, times: int, dice: random.Random) -> None:
    writers = [
        JournalWriter(directory / "journal", role=role, segment_bytes=20_000) for role in ("edge", "gateway")
    ]
    first = first_at(time.time())
    records = [record for message in range(first, first + MESSAGES) for record in story(dice, message)]
    written: list[tuple[object, JournalRecord]] = []
    finished = threading.Event()

    def write() -> None:
        for record in records:
            written.append((dice.choice(writers).append(record), record))
            if len(written) % 20 == 0:
                time.sleep(times * 0.6 * 20 / len(records))
        finished.set()

    writing = threading.Thread(target=write)
    writing.start()
    for _ in range(times):
        with worker(directory):
            time.sleep(dice.random() * 0.5)
    writing.join()
    assert finished.is_set()
    with worker(directory):
        _wait_until_ingested(len(records))
    for writer in writers:
        writer.close()
    found = dump()
    all_at_once = Batch(written, {writer.producer: 1 << 40 for writer in writers})  # type: ignore[arg-type]
    with empty_database(directory / "other"):
        ingest(all_at_once, datetime.now(UTC))
        assert found == dump()
    rest = JournalReader(directory / "journal").read(cursors(), 1)
    assert rest.records == []


def _wait_until_ingested(number: int) -> None:
    from django.db import connection

    deadline = time.monotonic() + 60
    while Event.objects.count() < number and time.monotonic() < deadline:
        time.sleep(0.05)
    assert Event.objects.count() == number
    connection.close()


def test_an_alert_that_was_on_its_way_when_the_worker_was_killed_arrives_by_the_next(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal", role="edge")
    for record in an_hour_ago([received(), delivery(1), followed(30)]):
        writer.append(record)
    writer.close()
    with hook_server() as hook:
        is_dead = threading.Event()
        hook.answers = [is_dead]
        channels.add("ops", ChannelKind.WEBHOOK, hook.url(), "me")
        for posts in (1, 2):
            with worker(tmp_path):
                deadline = time.monotonic() + 60
                while len(hook.posts) < posts and time.monotonic() < deadline:
                    time.sleep(0.02)
            is_dead.set()
        first, second = hook.posts
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.json == second.json
    assert Alert.objects.count() == 1


def test_a_worker_killed_five_times_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    killed_again_and_again(tmp_path, 5, random.Random(5))


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_worker_killed_fifty_times_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    killed_again_and_again(tmp_path, 50, random.Random())
