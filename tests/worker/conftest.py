"""Django, an empty database, and a worker's configuration for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database import empty_database, start_django

start_django()

from backstamp.policy import ConsentMode, Snapshot  # noqa: E402 (Django must be set up before)
from backstamp.worker import WorkerConfig  # noqa: E402


@pytest.fixture(autouse=True)
def database(tmp_path: Path) -> Iterator[Path]:
    with empty_database(tmp_path) as path:
        yield path


@pytest.fixture
def config(tmp_path: Path) -> WorkerConfig:
    return WorkerConfig(
        signatures_path=tmp_path / "signatures.json",
        update_signatures=False,
        journal_dir=tmp_path / "journal",
        looking_back_dir=tmp_path / "looking-back",
        known_sites_path=tmp_path / "sites.known",
        snapshot_path=tmp_path / "snapshot",
        source_keys_dir=tmp_path / "source-keys",
        clock_path=tmp_path / "clock",
        policy=Snapshot(
            published_at_us=0,
            enabled=True,
            consent_mode=ConsentMode.OBJECTION,
            tracking_url="https://t.example.org",
            origins={},
        ),
        retention_days=3650,
        capture_dir=tmp_path / "capture",
        capture_listen=f"unix:{tmp_path / 'capture.sock'}",
        capture_max_bytes=100_000,
        edge_counters_dir=tmp_path / "metrics",
    )
