"""The worker as a whole: journal to records, policy to snapshot, and a clean end."""

import asyncio
import logging
import os
import shutil
import stat
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db import DataError, OperationalError

from backstamp.journal import Batch, JournalWriter
from backstamp.policy import Axes, Consent, ConsentMode, Consents, ConsentState, KillTarget
from backstamp.records import models
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Event, JournalCursor, Message, Recipient
from backstamp.records.protection import kills
from backstamp.records.snapshot import parts as records_snapshot
from backstamp.shared_files import SnapshotFile
from backstamp.vocabulary import Queued
from backstamp.worker import WorkerConfig
from backstamp.worker.ingest import batches as ingest_batches
from backstamp.worker.ingest import loop as ingest_loop
from backstamp.worker.ingest import settling as settle
from tests.records.dump import source
from tests.records.journal_records import ANNA, SECOND, SOURCE, click, delivery, pixel, queued
from tests.worker.running import eventually, looked_up, running


def types() -> list[str]:
    return list(Event.objects.order_by("at", "type").values_list("type", flat=True))


async def test_what_is_appended_is_soon_in_the_records(config: WorkerConfig) -> None:
    writer = JournalWriter(config.journal_dir, role="edge")
    async with running(config):
        writer.append(queued())
        await eventually(types, ["queued"])
        writer.append(delivery(1))
        writer.append(pixel(600))
        await eventually(types, ["queued", "sent", "opened"])
        writer.append(click(700))
        await eventually(types, ["queued", "sent", "opened", "clicked"])
    writer.close()
    anna = await looked_up(lambda: Recipient.objects.get(index=0))
    assert (anna.delivery, anna.human_opens, anna.human_clicks) == ("sent", 1, 1)


async def test_a_worker_that_was_told_that_consent_is_required_records_nothing_more_of_who_never_gave_it(
    config: WorkerConfig,
) -> None:
    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(queued())
    writer.append(pixel(600))
    async with running(config):
        await eventually(types, ["queued", "opened"])
    required = msgspec.structs.replace(config.policy, consent_mode=ConsentMode.REQUIRED)
    async with running(msgspec.structs.replace(config, policy=required)):
        for record in (click(700), pixel(710), delivery(1)):
            writer.append(record)
        await eventually(types, ["queued", "sent", "opened"])
    writer.close()


async def test_a_worker_that_starts_again_goes_on_where_the_last_one_ended(config: WorkerConfig) -> None:
    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(queued())
    async with running(config):
        await eventually(types, ["queued"])
    writer.append(pixel(600))
    async with running(config):
        await eventually(types, ["queued", "opened"])
    writer.close()
    assert await looked_up(lambda: Event.objects.filter(type="queued").count()) == 1


async def test_ingested_journals_of_dead_producers_go_and_how_far_they_were_read_stays(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_loop, "RETIRE_SECONDS", 0.05)
    living = JournalWriter(config.journal_dir, role="edge")
    dead = JournalWriter(config.journal_dir, role="edge")
    for writer in (living, dead):
        writer.append(pixel(600))
    dead.close()
    async with running(config):
        await eventually(types, ["opened", "opened"])
        await eventually(
            lambda: list(
                JournalCursor.objects.filter(gone_at__isnull=False).values_list("producer", flat=True)
            ),
            [dead.producer],
        )
        assert await looked_up(JournalCursor.objects.count) == 2
    living.close()
    assert not (config.journal_dir / dead.producer).exists()


async def test_while_the_database_is_away_nothing_is_lost(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    really = ingest
    failures = iter([OperationalError("disk I/O error\nsecond line"), OperationalError("again")])

    def away_twice(*args: object) -> object:
        for failure in failures:
            raise failure
        return really(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest_batches, "ingest", away_twice)
    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(queued())
    writer.append(pixel(600))
    async with running(config):
        await eventually(types, ["queued", "opened"])
    writer.close()
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == ["the database cannot be used, and the worker waits: OperationalError: 'disk I/O error'"]


async def test_a_record_that_the_database_refuses_is_set_aside_and_stops_no_other(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = ingest

    def choosy(batch: Batch, now: datetime, *others: Any) -> object:
        if any(isinstance(record, Queued) and record.subject == "poison" for _, record in batch.records):
            raise DataError("refused")
        return really(batch, now, *others)

    monkeypatch.setattr(ingest_batches, "ingest", choosy)
    writer = JournalWriter(config.journal_dir, role="gateway")
    for number in range(1, 8):
        subject = "poison" if number == 4 else f"number {number}"
        writer.append(msgspec.structs.replace(queued(message=number), subject=subject))
    async with running(config):
        wanted = [f"number {number}" for number in (1, 2, 3, 5, 6, 7)]
        await eventually(lambda: sorted(Message.objects.values_list("subject", flat=True)), wanted)
    writer.close()
    (aside,) = (config.journal_dir / "set-aside").iterdir()
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    assert msgspec.json.decode(aside.read_bytes(), type=Queued).subject == "poison"


async def test_a_refused_record_is_found_while_others_keep_the_journal_full(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    busy = JournalWriter(config.journal_dir, role="edge")
    really = ingest

    def choosy(batch: Batch, now: datetime, *others: Any) -> object:
        sizes.append(len(batch.records))
        if len(sizes) < 300:
            for number in range(4):
                busy.append(pixel(600 + number, message=1))
        if any(isinstance(record, Queued) and record.subject == "poison" for _, record in batch.records):
            raise DataError("refused")
        return really(batch, now, *others)

    monkeypatch.setattr(ingest_batches, "ingest", choosy)
    writer = JournalWriter(config.journal_dir, role="gateway")
    for number in range(40):
        subject = "poison" if number in {0, 21} else f"number {number}"
        writer.append(msgspec.structs.replace(queued(message=number + 10), subject=subject))
    async with running(config):
        await eventually(Message.objects.count, 38)
    writer.close()
    busy.close()
    aside = [path.read_bytes() for path in (config.journal_dir / "set-aside").iterdir()]
    assert [msgspec.json.decode(data, type=Queued).subject for data in aside] == ["poison", "poison"]
    assert sizes.index(1) <= 8, "the batch that was refused is halved, and nothing else comes between"


async def test_a_journal_that_is_away_for_a_moment_is_not_ingested_again(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_loop, "RETIRE_SECONDS", 0.0)
    away = config.journal_dir.with_name("unmounted")
    writer = JournalWriter(config.journal_dir, role="edge")
    for record in (queued(), pixel(600)):
        writer.append(record)
    async with running(config):
        await eventually(types, ["queued", "opened"])
        config.journal_dir.rename(away)
        config.journal_dir.mkdir()
        await asyncio.sleep(0.5)
        shutil.rmtree(config.journal_dir)
        away.rename(config.journal_dir)
        writer.append(pixel(700))
        await eventually(types, ["queued", "opened", "opened"])
        assert await looked_up(Event.objects.count) == 3
        assert await looked_up(JournalCursor.objects.count) == 1
    writer.close()


async def test_the_policy_is_published_at_start_and_after_a_change(config: WorkerConfig) -> None:
    file = SnapshotFile(config.snapshot_path)

    def published() -> object:
        snapshot = file.current()
        return snapshot and (snapshot.enabled, snapshot.senders, snapshot.consents, set(snapshot.domains))

    def decide() -> None:
        models.Switch.objects.create(tracking_off=True)
        models.SenderDomain.objects.create(name="Example.org", opens=False)
        models.SenderPolicy.objects.create(address="Me@example.org", links=True)
        models.Consent.objects.create(address="a@b", recipient_key=ANNA, opens="withdrawn")

    async with running(config):
        await eventually(published, (True, {}, {}, set()))
        await looked_up(decide)
        after = (
            False,
            {"me@example.org": Axes(None, True)},
            {ANNA: Consent(ConsentState.WITHDRAWN, None)},
            {"example.org"},
        )
        await eventually(published, after)
        await looked_up(lambda: models.Consent.objects.all().delete())
        await eventually(published, (*after[:2], {}, after[3]))


async def test_a_kill_is_published_while_a_million_consents_are_still_being_gathered(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = SnapshotFile(config.snapshot_path)
    gathered, slow = threading.Event(), threading.Event()

    def killed() -> object:
        snapshot = file.current()
        return snapshot and snapshot.kills.messages

    def gathering() -> Consents:
        slow.set()
        gathered.wait(60)
        return Consents()

    async with running(config):
        await eventually(killed, frozenset())
        monkeypatch.setattr(records_snapshot, "consents", gathering)
        await looked_up(lambda: models.Consent.objects.create(address="a@b", recipient_key=ANNA))
        await eventually(slow.is_set, True)
        await looked_up(lambda: kills.kill(KillTarget(7), "ada"))
        await eventually(killed, frozenset({7}))
        gathered.set()


async def test_what_a_killed_worker_left_of_a_part_is_removed(config: WorkerConfig) -> None:
    left = [
        config.snapshot_path.with_name(f".{part}.0badcafe")
        for part in ("snapshot", "snapshot.consents", "snapshot.suppressed")
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half a part")
    async with running(config):
        await eventually(lambda: [path.exists() for path in left], [False] * 3)


async def test_verdicts_settle_and_pseudonyms_and_their_keys_go_in_time(
    config: WorkerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "INTERVAL_SECONDS", 0.2)
    now_us = time.time_ns() // 1000
    writer = JournalWriter(config.journal_dir, role="edge")
    ages = {"fresh": 60, "settled": 20 * 60, "old": 25 * 3600}
    for seconds in ages.values():
        writer.append(msgspec.structs.replace(pixel(0), at_us=now_us - seconds * SECOND))
    writer.append(msgspec.structs.replace(queued(), at_us=now_us - 26 * 3600 * SECOND))
    day = (datetime.now(UTC) - timedelta(days=4)).date()
    config.source_keys_dir.mkdir()
    old_key = config.source_keys_dir / day.isoformat()
    old_key.write_bytes(bytes(32))
    async with running(config):
        await eventually(
            lambda: list(Event.objects.filter(type="opened").order_by("at").values_list("final", flat=True)),
            [True, True, False],
        )
        opened = Event.objects.filter(type="opened").order_by("at")
        await eventually(lambda: [source(event) for event in opened.all()], [None, SOURCE, SOURCE])
    writer.close()
    assert not old_key.exists()


async def test_messages_older_than_the_retention_are_deleted(config: WorkerConfig) -> None:
    now_us = time.time_ns() // 1000
    day_us = 24 * 3600 * SECOND
    writer = JournalWriter(config.journal_dir, role="gateway")
    writer.append(msgspec.structs.replace(queued(message=1), at_us=now_us - 91 * day_us))
    writer.append(msgspec.structs.replace(queued(message=2), at_us=now_us - 89 * day_us))
    aside = config.journal_dir / "set-aside"
    aside.mkdir()
    for name, days in (("old", 91), ("young", 89)):
        (aside / name).write_bytes(b"{}")
        os.utime(aside / name, (time.time() - days * 86_400,) * 2)
    async with running(config):
        await eventually(lambda: Message.objects.count(), 2)
    async with running(msgspec.structs.replace(config, retention_days=90)):
        await eventually(lambda: list(Message.objects.values_list("pk", flat=True)), [2])
        await eventually(lambda: [path.name for path in aside.iterdir()], ["young"])
    writer.close()


async def test_a_part_that_cannot_run_stops_no_other(
    config: WorkerConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "capture.sock").mkdir()
    writer = JournalWriter(config.journal_dir, role="edge")
    writer.append(queued())
    async with running(config):
        await eventually(types, ["queued"])
    writer.close()
    assert any(record.getMessage().startswith("capture mailbox failed") for record in caplog.records)
