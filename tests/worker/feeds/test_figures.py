"""The figures of /metrics: how it stands with each list."""

import time
from pathlib import Path

import pytest

from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.lists.source import Form, Source
from backstamp.worker.feeds.providers.dns_lists import DnsForm, DnsList
from backstamp.worker.feeds.questions.resting import Resting
from backstamp.worker.feeds.refreshing.due_lists import refresh_all
from backstamp.worker.operations.metrics import metrics
from tests.worker.feeds.feed_server import FeedServer, Page


def test_each_list_has_its_age_its_entries_and_its_failures(
    server: FeedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/good"] = Page(b"evil.example\nevil.test\nbit.ly\n")
    config = FeedsConfig(
        sources=tuple(
            Source(name=name, form=Form.PLAIN, threat_type=ThreatType.SPAM, address=server.url(f"/{name}"))
            for name in ("good", "gone")
        ),
        dns_lists=(DnsList(DnsForm.SURBL, "surbl.test"), DnsList(DnsForm.SPAMHAUS_DBL, "dbl.test")),
        directory=tmp_path / "feeds",
        lists_path=tmp_path / "threats.lists",
        answers_path=tmp_path / "threats.answers",
    )
    list(refresh_all(config.job))
    resting = Resting(config.directory)
    resting.failed("surbl", "it refuses")
    short = time.time() - 90
    with monkeypatch.context() as before:
        before.setattr(time, "time", lambda: short)
        resting.failed("spamhaus-dbl", "no answer")
    page = metrics(
        counters_dir=tmp_path / "metrics",
        journal_dir=tmp_path / "journal",
        cursors=None,
        snapshot=None,
        failing={},
        feeds=config,
    )
    figures = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    assert 0 <= float(figures['backstamp_list_age_seconds{list="good"}']) < 60
    assert 'backstamp_list_age_seconds{list="gone"}' not in figures
    assert figures['backstamp_list_entries{list="good"}'] == "2"
    assert figures['backstamp_list_dropped{list="good",reason="well_known"}'] == "1"
    assert figures['backstamp_list_failures{list="good"}'] == "0"
    assert figures['backstamp_list_failures{list="gone"}'] == "1"
    assert figures['backstamp_list_left_alone{list="surbl"}'] == "1"
    assert figures['backstamp_list_left_alone{list="spamhaus-dbl"}'] == "0", "its pause is over"
    assert 'backstamp_list_left_alone{list="good"}' not in figures, "nobody is asked about single links"
