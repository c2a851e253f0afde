"""The parts of the policy are published so that nobody meets a policy without them."""

import asyncio
from pathlib import Path

from backstamp.journal import SnapshotFile
from backstamp.policy import ConsentMode, Policy
from backstamp.worker.database import Database
from backstamp.worker.publisher import Publisher

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
    async with asyncio.timeout(20):
        while not path.exists():
            await asyncio.sleep(0.02)
    stop.set()
    await publishing
    database.close()
    snapshot = SnapshotFile(path).current()
    assert snapshot is not None, "the consents and the suppression list are there, too"
    assert snapshot.tracking_url == "https://t.example.org"
