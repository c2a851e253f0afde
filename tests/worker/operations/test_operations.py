"""The private pages: figures for Prometheus, and Caddy's question."""

import asyncio
import re
import socket
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest
from django.db import OperationalError, connection

from backstamp.journal import JournalWriter
from backstamp.journal.durations import BUCKETS, Durations
from backstamp.records import models
from backstamp.records.models import Outgoing
from backstamp.records.outbox import channels
from backstamp.records.outbox import entries as outbox
from backstamp.shared_files import Answer, Drop, EdgeCounters
from backstamp.vocabulary import ChannelKind
from backstamp.worker import WorkerConfig
from backstamp.worker.operations import pages as operations
from backstamp.worker.operations.exposition import Exposition
from backstamp.worker.operations.metrics import metrics
from tests.daemons import free_port
from tests.gateway.running import snapshot
from tests.records.journal_records import queued
from tests.worker.running import eventually, looked_up, running


@pytest.fixture
def config(config: WorkerConfig) -> WorkerConfig:
    return msgspec.structs.replace(config, operations_listen=("127.0.0.1", free_port()))


def get(config: WorkerConfig, target: str) -> tuple[int, str]:
    assert config.operations_listen is not None
    host, port = config.operations_listen
    try:
        with urllib.request.urlopen(f"http://{host}:{port}{target}", timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


async def up(config: WorkerConfig) -> None:
    async with asyncio.timeout(60):
        while (await asyncio.to_thread(get, config, "/ask?domain=t.example.org"))[0] != 200:
            await asyncio.sleep(0.05)


async def figures(config: WorkerConfig) -> dict[str, float]:
    status, text = await asyncio.to_thread(get, config, "/metrics")
    assert status == 200
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    assert len(dict(lines)) == len(lines), "no series comes twice"
    return {name: float(value) for name, value in lines}


async def test_the_figures_of_all_edge_workers_and_of_the_journal(config: WorkerConfig) -> None:
    workers = [EdgeCounters(config.edge_counters_dir, Durations()) for _ in range(2)]
    for number, worker in enumerate(workers):
        worker.counts[Answer.PIXEL] = 5 + number
        worker.counts[Drop.JOURNAL_UNAVAILABLE] = number
        worker.published_at_us = 1
        config.edge_counters_dir.parent.mkdir(exist_ok=True)
        worker.flush()
    journal = JournalWriter(config.journal_dir, role="gateway")
    journal.append(queued())
    async with running(config):
        await up(config)
        await eventually(models.Message.objects.count, 1)
        seen = await figures(config)
        assert seen['backstamp_edge_answers_total{slot="0",answer="pixel"}'] == 5
        assert seen['backstamp_edge_answers_total{slot="1",answer="pixel"}'] == 6
        assert seen['backstamp_edge_hits_dropped_total{slot="1",reason="journal_unavailable"}'] == 1
        assert seen['backstamp_edge_journal_sync_failures_total{slot="1"}'] == 0
        assert seen["backstamp_edge_workers"] == 2
        assert seen['backstamp_edge_snapshot_age_seconds{slot="0"}'] > 1e9
        assert seen["backstamp_journal_lag_bytes"] == 0
        assert seen['backstamp_journal_producers{state="writing"}'] == 1
        assert 0 <= seen["backstamp_snapshot_age_seconds"] < 30
        assert seen["backstamp_database_up"] == 1
    journal.close()


def test_after_the_clock_was_set_back_nothing_is_of_a_negative_age(tmp_path: Path) -> None:
    ahead = time.time_ns() // 1000 + 3_600_000_000
    counters = EdgeCounters(tmp_path / "counters", Durations())
    counters.published_at_us = ahead
    counters.flush()
    page = metrics(
        counters_dir=tmp_path / "counters",
        journal_dir=tmp_path,
        cursors=None,
        snapshot=msgspec.structs.replace(snapshot(), published_at_us=ahead),
        failing={},
    )
    assert re.findall(r"^backstamp_(?:edge_)?snapshot_age_seconds.* (\S+)$", page, re.MULTILINE) == ["0", "0"]


async def test_what_waits_in_the_journal_is_the_lag(config: WorkerConfig) -> None:
    def away(*_: object) -> None:
        raise OperationalError("away")

    journal = JournalWriter(config.journal_dir, role="gateway")
    with patch("backstamp.worker.ingest.batches.ingest", away):
        async with running(config):
            await up(config)
            journal.append(queued())
            first = (await figures(config))["backstamp_journal_lag_bytes"]
            journal.append(queued())
            assert (await figures(config))["backstamp_journal_lag_bytes"] == 2 * first > 0
    journal.close()


async def test_while_the_database_is_away_the_rest_is_answered(config: WorkerConfig) -> None:
    def away() -> None:
        raise OperationalError("away")

    with patch.object(operations, "cursors", away):
        async with running(config):
            await up(config)
            seen = await figures(config)
    assert seen["backstamp_database_up"] == 0
    assert "backstamp_journal_lag_bytes" not in seen
    assert "backstamp_snapshot_age_seconds" in seen


async def test_a_database_that_can_be_read_and_not_written_shows_in_the_parts_that_fail(
    config: WorkerConfig, database: Path
) -> None:
    options = connection.settings_dict["OPTIONS"]
    journal = JournalWriter(config.journal_dir, role="gateway")
    journal.append(queued())
    read_only = {"NAME": f"file:{database}?mode=ro", "OPTIONS": {**options, "uri": True}}
    with patch.dict(connection.settings_dict, read_only):
        async with running(config):
            await up(config)
            while not (seen := await figures(config))['backstamp_part_failing_seconds{part="ingest"}']:
                await asyncio.sleep(0.05)
    journal.close()
    assert seen["backstamp_database_up"] == 1
    assert seen['backstamp_part_failing_seconds{part="policy publisher"}'] == 0


async def test_a_channel_that_takes_nothing_shows(config: WorkerConfig) -> None:
    def fail() -> None:
        now = datetime.now(UTC)
        channel = channels.add("ops", ChannelKind.WEBHOOK, "http://127.0.0.1:1/", "me")
        channels.add("idle", ChannelKind.MAIL, "me@example.org", "me")
        for _ in range(2):
            channels.test(channel, now)
        for row, permanent in zip(outbox.due(now, (), 9), (True, False), strict=True):
            failed_at = now - timedelta(minutes=5)
            outbox.failed(row, "no", failed_at, permanent=permanent, jitter=0, least=3600)
        Outgoing.objects.filter(state="waiting").update(due_at=now + timedelta(hours=1))

    await looked_up(fail)
    async with running(config):
        await up(config)
        found = await figures(config)
    assert found['backstamp_channel_waiting{channel="ops"}'] == 1
    assert found['backstamp_channel_given_up{channel="ops"}'] == 1
    assert 300 <= found['backstamp_channel_failing_seconds{channel="ops"}'] < 360
    assert found['backstamp_channel_failing_seconds{channel="idle"}'] == 0


async def test_caddy_is_told_which_names_are_ours(config: WorkerConfig) -> None:
    await looked_up(
        lambda: models.SenderDomain.objects.create(name="b.example", tracking_url="https://T.b.example:8443")
    )
    async with running(config):
        await up(config)
        answers = {
            name: (await asyncio.to_thread(get, config, f"/ask?domain={name}"))[0]
            for name in (
                "t.example.org",
                "T.Example.ORG.",
                "t.b.example",
                "b.example",
                "evil.example",
                "",
                "%00",
            )
        }
        assert (await asyncio.to_thread(get, config, "/ask"))[0] == 404
        assert (await asyncio.to_thread(get, config, "/"))[0] == 404
    assert [name for name, status in answers.items() if status == 200] == [
        "t.example.org",
        "T.Example.ORG.",
        "t.b.example",
    ]
    assert set(answers.values()) == {200, 404}


async def test_a_client_that_says_nothing_holds_up_nobody(config: WorkerConfig) -> None:
    assert config.operations_listen is not None
    async with running(config):
        await up(config)
        silent = [socket.create_connection(config.operations_listen) for _ in range(20)]
        assert (await figures(config))["backstamp_database_up"] == 1
        for each in silent:
            each.close()


async def test_a_port_that_is_taken_stops_nothing_else(
    config: WorkerConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert config.operations_listen is not None
    with socket.create_server(config.operations_listen):
        async with running(config):
            await eventually(lambda: config.snapshot_path.exists(), True)
    assert "operations pages failed and starts again" in caplog.text


def test_histograms_are_cumulative_and_end_with_everything() -> None:
    page = Exposition()
    page.add_times("t_seconds", "Time.", [({"slot": "0"}, [1, 2] + [0] * (BUCKETS - 3) + [4, 3_000_000_000])])
    lines = page.text.splitlines()
    assert lines[:4] == [
        "# HELP t_seconds Time.",
        "# TYPE t_seconds histogram",
        't_seconds_bucket{slot="0",le="1.024e-06"} 1',
        't_seconds_bucket{slot="0",le="2.048e-06"} 3',
    ]
    assert lines[-3:] == [
        't_seconds_bucket{slot="0",le="+Inf"} 7',
        't_seconds_sum{slot="0"} 3',
        't_seconds_count{slot="0"} 7',
    ]


@pytest.mark.parametrize("number", [None, 0, 3])
def test_mails_too_large_for_a_mailbox_are_counted_where_one_is_read(
    tmp_path: Path, number: int | None
) -> None:
    page = metrics(
        counters_dir=tmp_path,
        journal_dir=tmp_path,
        cursors=None,
        snapshot=None,
        failing={},
        reports_too_large=number,
    )
    lines = [line for line in page.splitlines() if line.startswith("backstamp_reports_too_large")]
    assert lines == ([] if number is None else [f"backstamp_reports_too_large_total {number}"])
