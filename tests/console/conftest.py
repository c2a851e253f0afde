"""Django, an empty database, and a console that knows where it is, for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database import empty_database, start_django, turns_at_once

start_django()

from django.contrib.auth import get_user_model  # noqa: E402 (Django must be set up before)
from django.core.cache import cache  # noqa: E402
from django.test import Client, override_settings  # noqa: E402

from backstamp.app.wiring.page_preview import page_preview  # noqa: E402
from backstamp.console.config import ConsoleConfig  # noqa: E402
from backstamp.journal import JournalWriter  # noqa: E402
from backstamp.policy import ConsentMode, Snapshot  # noqa: E402
from backstamp.shared_files import SignatureFile, SnapshotFile, publish_snapshot  # noqa: E402
from backstamp.tokens import Keyring  # noqa: E402
from tests.console.simulations import FakeSimulations  # noqa: E402
from tests.daemons import free_port  # noqa: E402
from tests.unhurried_loop import UnhurriedLoop  # noqa: E402

ADDRESS = "ada@example.org"
PASSWORD = "a horse, a battery"
HOST = "127.0.0.1"


def pytest_asyncio_loop_factories() -> dict[str, type[UnhurriedLoop]]:
    """While this process stands still, no turn of a live page comes."""
    return {"unhurried": UnhurriedLoop}


@pytest.fixture(autouse=True)
def database(tmp_path: Path) -> Iterator[None]:
    with turns_at_once(), empty_database(tmp_path):
        cache.clear()
        yield


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalWriter]:
    directory = tmp_path / "journal"
    directory.mkdir()
    writer = JournalWriter(directory, role="console")
    yield writer
    writer.close()


@pytest.fixture
def ring() -> Keyring:
    return Keyring.create(b"k" * 32, b"a" * 32, 1)


@pytest.fixture
def snapshot() -> Snapshot:
    return Snapshot(
        published_at_us=1,
        enabled=True,
        consent_mode=ConsentMode.OBJECTION,
        tracking_url="https://t.example.org",
        origins={},
    )


@pytest.fixture
def simulations() -> FakeSimulations:
    return FakeSimulations()


@pytest.fixture(autouse=True)
def config(
    tmp_path: Path, journal: JournalWriter, ring: Keyring, snapshot: Snapshot, simulations: FakeSimulations
) -> Iterator[ConsoleConfig]:
    captured = tmp_path / "capture"
    captured.mkdir()
    publish_snapshot(tmp_path / "snapshot", snapshot)
    config = ConsoleConfig(
        gateway_host=HOST,
        gateway_port=free_port(),
        capturing=True,
        capture_dir=captured,
        keyring=lambda: ring,
        snapshot=SnapshotFile(tmp_path / "snapshot").current,
        signatures=SignatureFile(tmp_path / "signatures.json").updates,
        journal=lambda: journal,
        simulations=simulations,
        threat_lists=list,
        page_preview=page_preview,
        retention_days=90,
        keeps_addresses=False,
        contact="",
        takes_received_mail=True,
    )
    # The real password hash takes a third of a second on purpose.
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(BACKSTAMP=config, PASSWORD_HASHERS=quick):
        yield config


@pytest.fixture
def stranger() -> Client:
    """Somebody who is not signed in."""
    return Client(HTTP_HOST=HOST)


@pytest.fixture
def admin() -> Client:
    """An administrator, signed in."""
    client = Client(HTTP_HOST=HOST)
    client.force_login(get_user_model().objects.create_user(ADDRESS, ADDRESS, PASSWORD))
    return client
