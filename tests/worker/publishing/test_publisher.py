"""The parts of the policy are published so that nobody meets a policy without them."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from backstamp.policy import ConsentMode, Consents, Policy
from backstamp.records.snapshot import parts as records_snapshot
from backstamp.shared_files import SnapshotFile
from backstamp.worker.parts.database import Database
from backstamp.worker.publishing.policy import Publisher

DEFAULTS = Policy(
    published_at_us=0,
    enabled=True,
    consent_mode=ConsentMode.REQUIRED,
    tracking_url="https://t.example.org",
    origins={},
)


async def test_the_first_policy_comes_behind_the_parts_that_belong_to_it(tmp_path: Path) -> None:
    path, stop = tmp_path / "snapshot", asyncio.Event()
    database = Database()
    publishing = asyncio.create_task(Publisher(path, DEFAULTS, database).run(stop))
    async with asyncio.timeout(60):
        while not path.exists():
            await asyncio.sleep(0.02)
    stop.set()
    await publishing
    database.close()
    snapshot = SnapshotFile(path).current()
    assert snapshot is not None, "the consents and the suppression list are there, too"
    assert snapshot.tracking_url == "https://t.example.org"


async def test_who_publishes_the_consents_for_the_first_policy_is_no_stranger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path, stop, database = tmp_path / "snapshot", asyncio.Event(), Database()
    publisher, begun = Publisher(path, DEFAULTS, database), threading.Event()
    really = records_snapshot.consents

    def slowly() -> Consents:
        if not begun.is_set():
            begun.set()
            time.sleep(0.4)
        return really()

    monkeypatch.setattr(records_snapshot, "consents", slowly)
    publishing = [asyncio.create_task(publisher.run(stop))]
    await asyncio.to_thread(begun.wait, 20)
    publishing.append(asyncio.create_task(publisher.run_consents(stop)))
    async with asyncio.timeout(60):
        while not path.exists():
            await asyncio.sleep(0.02)
    await asyncio.sleep(1.2)  # each has looked again
    stop.set()
    await asyncio.gather(*publishing)
    database.close()
    assert SnapshotFile(path).current() is not None
    assert caplog.messages == []


async def test_who_removes_what_a_killed_worker_left_takes_nothing_from_who_publishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, stop, database = tmp_path / "snapshot", asyncio.Event(), Database()
    publisher, writing, go_on = Publisher(path, DEFAULTS, database), threading.Event(), threading.Event()
    really = os.fsync

    def slowly(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name.startswith(".snapshot.consents."):
            writing.set()
            go_on.wait(20)
        really(descriptor)

    monkeypatch.setattr(os, "fsync", slowly)
    publishing = [asyncio.create_task(publisher.run(stop))]
    await asyncio.to_thread(writing.wait, 20)
    publishing.append(asyncio.create_task(publisher.run_consents(stop)))
    await asyncio.sleep(0.2)
    go_on.set()
    async with asyncio.timeout(60):
        while not path.exists():
            assert not any(task.done() for task in publishing)
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.gather(*publishing)
    database.close()
    assert SnapshotFile(path).current() is not None


@pytest.mark.parametrize("name", ["snapshot", "snapshot.consents", "snapshot.suppressed"])
@pytest.mark.parametrize("harm", ["cut", "gone"])
async def test_a_part_that_somebody_else_damages_is_published_anew(
    tmp_path: Path, name: str, harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstamp.worker.publishing.policy.REPUBLISH_SECONDS", 3600.0)
    path, stop, database = tmp_path / "snapshot", asyncio.Event(), Database()
    publisher = Publisher(path, DEFAULTS, database)
    parts = (publisher.run, publisher.run_consents, publisher.run_suppressed)
    publishing = [asyncio.create_task(part(stop)) for part in parts]
    async with asyncio.timeout(60):
        while SnapshotFile(path).current() is None:
            await asyncio.sleep(0.02)
        await asyncio.sleep(1)  # each has looked
        harmed = tmp_path / name
        whole = harmed.read_bytes()
        harmed.unlink()
        if harm == "cut":
            harmed.write_bytes(whole[:20])
        while SnapshotFile(path).current() is None:
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.gather(*publishing)
    database.close()
