"""What is new here is known on arrival, once an installation has learned for a week."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backstamp.records.alerting import new_hosts
from backstamp.records.models import ClickedHost, SenderDomain
from backstamp.shared_files.known_sites_file import KnownSitesFile
from backstamp.worker.parts.database import Database
from backstamp.worker.publishing.known_sites import KnownSitesPublisher
from tests.worker.running import looked_up

NOW = datetime.now(UTC)


def visited(site: str, days: int) -> None:
    at = NOW - timedelta(days=days)
    ClickedHost.objects.create(host=site, first_at=at, last_at=at)


def test_as_long_as_it_only_learns_nothing_is_called_new() -> None:
    assert new_hosts.known(NOW) is None
    visited("example.com", 6)
    assert new_hosts.known(NOW) is None
    visited("example.org", 8)
    assert sorted(new_hosts.known(NOW) or ()) == ["example.com", "example.org"]


async def test_sites_are_published_and_known_with_all_their_hosts(tmp_path: Path) -> None:
    await looked_up(lambda: visited("example.co.uk", 30))
    await looked_up(lambda: SenderDomain.objects.create(name="ours.example"))
    path, stop = tmp_path / "sites.known", asyncio.Event()
    database = Database()
    running = asyncio.create_task(KnownSitesPublisher(path, database).run(stop))
    file = KnownSitesFile(path)
    async with asyncio.timeout(60):
        while not path.exists():
            await asyncio.sleep(0.05)
    stop.set()
    await running
    database.close()
    sites = file.current()
    assert sites is not None
    assert sites.knows("www.example.co.uk")
    assert sites.knows("example.co.uk")
    assert sites.knows("mail.ours.example")
    assert not sites.knows("other.co.uk")
    assert not sites.knows("192.0.2.1")


def test_a_damaged_file_changes_nothing_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "sites.known").write_bytes(b"nonsense")
    file = KnownSitesFile(tmp_path / "sites.known")
    assert file.current() is None
    assert caplog.text.count("this is no file of known sites") == 1
