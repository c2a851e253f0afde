"""The worker's part: a process of its own does what is due, and what is new is told until it was heard."""

import asyncio
import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backstamp.threats.lists import ThreatLists
from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.keeping.new_entries import NewEntries, Spool
from backstamp.worker.feeds.keeping.standing import Outcome
from backstamp.worker.feeds.lists.jobs import Job
from backstamp.worker.feeds.lists.source import Form, Source
from backstamp.worker.feeds.providers.dns_lists import DnsForm, DnsList
from backstamp.worker.feeds.refreshing.due_lists import AwayError, refresh_all
from backstamp.worker.feeds.running.feed_keeping import FeedKeeping
from backstamp.worker.feeds.running.launching import ChildError, done_by_child
from tests.worker.feeds.feed_server import FeedServer, Page


def config(tmp_path: Path, *sources: Source) -> FeedsConfig:
    return FeedsConfig(
        sources=sources,
        directory=tmp_path / "feeds",
        lists_path=tmp_path / "threats.lists",
        answers_path=tmp_path / "threats.answers",
    )


def source(server: FeedServer, *, seconds: int = 3600) -> Source:
    return Source(
        name="phish",
        form=Form.OPENPHISH,
        threat_type=ThreatType.PHISHING,
        address=server.url("/feed.txt"),
        seconds=seconds,
    )


async def in_process(job: Job) -> list[Outcome]:
    return await asyncio.to_thread(lambda: list(refresh_all(job)))


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_list_is_fetched_by_a_process_of_its_own_and_the_news_told(
    server: FeedServer, tmp_path: Path
) -> None:
    server.pages["/feed.txt"] = Page(b"https://evil.example/login\n", etag='"1"')
    heard: list[tuple[str, ThreatType, list[str], int]] = []

    async def hear(new: NewEntries) -> None:
        in_force = len(
            ThreatLists((tmp_path / "threats.lists").read_bytes()).look_up("https://evil.example/login")
        )
        heard.append((new.source, new.threat_type, list(new.expressions()), in_force))

    keeping = FeedKeeping(config(tmp_path, source(server)), hear, first_seconds=0.01, look_seconds=0.05)
    stop = asyncio.Event()
    running = asyncio.create_task(keeping.run(stop))
    await until(lambda: heard)
    await asyncio.sleep(0.2)
    stop.set()
    await running
    assert heard == [("phish", ThreatType.PHISHING, ["evil.example/login"], 1)]
    assert len(server.asked) == 1
    assert Spool(tmp_path / "feeds").waiting() == []


def test_a_process_that_hangs_is_ended_and_not_waited_for() -> None:
    """A reader that a list leads astray would keep all lists waiting, for ever."""
    script = (
        "from backstamp.worker.feeds.running.child import *; bound_itself(MEMORY_BYTES, 1)\nwhile True: pass"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -signal.SIGXCPU


async def test_while_the_command_line_refreshes_the_worker_waits_for_it_and_no_longer(
    server: FeedServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.pages["/feed.txt"] = Page(b"https://evil.example/login\n", etag='"1"')
    setup = config(tmp_path, source(server))
    heard: list[str] = []

    async def hear(new: NewEntries) -> None:
        heard.append(new.source)

    commanded = refresh_all(setup.job)
    await asyncio.to_thread(next, commanded)
    with pytest.raises(AwayError):
        await done_by_child(setup.job)
    keeping = FeedKeeping(setup, hear, do=in_process, first_seconds=0.01, look_seconds=0.02)
    stop = asyncio.Event()
    running = asyncio.create_task(keeping.run(stop))
    await asyncio.sleep(0.2)
    assert not (tmp_path / "threats.lists").exists()
    del commanded
    await until(lambda: heard == ["phish"])
    stop.set()
    await running
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_what_publishers_have_said_is_told_too(tmp_path: Path) -> None:
    setup = FeedsConfig(
        sources=(),
        dns_lists=(DnsList(DnsForm.SURBL, "surbl.test"),),
        directory=tmp_path / "feeds",
        lists_path=tmp_path / "threats.lists",
        answers_path=tmp_path / "threats.answers",
    )
    heard: list[list[bytes]] = []

    async def hear(new: NewEntries) -> None:
        heard.append(list(new.hashes()))

    Spool(setup.directory).add_hashes("surbl", ThreatType.SPAM, 20_000, [b"x" * 32])
    stop = asyncio.Event()
    keeping = FeedKeeping(setup, hear, do=in_process, first_seconds=0.01, look_seconds=0.02)
    running = asyncio.create_task(keeping.run(stop))
    await until(lambda: heard)
    stop.set()
    await running
    assert heard == [[b"x" * 32]]


async def test_who_does_not_hear_is_told_again(
    server: FeedServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.pages["/feed.txt"] = Page(b"https://evil.example/login\n")
    tries: list[str] = []

    async def hear(new: NewEntries) -> None:
        tries.append(new.source)
        if len(tries) < 3:
            raise RuntimeError("https://evil.example/login")

    keeping = FeedKeeping(
        config(tmp_path, source(server)), hear, do=in_process, first_seconds=0.01, look_seconds=0.02
    )
    stop = asyncio.Event()
    running = asyncio.create_task(keeping.run(stop))
    await until(lambda: len(tries) == 3)
    await asyncio.sleep(0.1)
    stop.set()
    await running
    assert tries == ["phish"] * 3
    assert caplog.text.count("looking back for phish failed: RuntimeError") == 1
    assert "evil.example" not in caplog.text


async def test_a_list_is_asked_for_again_when_it_is_due(
    server: FeedServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "backstamp.worker")
    server.pages["/feed.txt"] = Page(b"https://evil.example/login\n", etag='"1"')
    keeping = FeedKeeping(
        config(tmp_path, source(server, seconds=0)), do=in_process, first_seconds=0.01, look_seconds=0.02
    )
    stop = asyncio.Event()
    running = asyncio.create_task(keeping.run(stop))
    await until(lambda: len(server.asked) >= 2)
    server.pages["/feed.txt"] = Page(status=410)
    await until(lambda: "answered 410" in caplog.text)
    await asyncio.sleep(0.1)
    stop.set()
    await running
    assert caplog.text.count("answered 410") == 1, "the pause after a failure is five minutes"
    assert "list phish: 1 entry, 1 of them new" in caplog.text


async def test_without_lists_nothing_is_asked_and_nothing_started(tmp_path: Path) -> None:
    async def nothing(job: Job) -> list[Outcome]:
        raise AssertionError("there is nothing to do")

    stop = asyncio.Event()
    running = asyncio.create_task(FeedKeeping(config(tmp_path), do=nothing, first_seconds=0.01).run(stop))
    await asyncio.sleep(0.05)
    stop.set()
    await running
    assert list(tmp_path.iterdir()) == []


async def test_a_process_that_cannot_do_its_job_says_why(server: FeedServer, tmp_path: Path) -> None:
    (tmp_path / "feeds").write_text("in the way")
    with pytest.raises(ChildError, match="the lists cannot be kept: File exists"):
        await done_by_child(config(tmp_path, source(server)).job)


async def test_a_process_that_is_not_waited_for_any_more_is_ended(server: FeedServer, tmp_path: Path) -> None:
    server.pages["/feed.txt"] = Page(b"https://evil.example/login\n", byte_seconds=1.0)
    job = config(tmp_path, source(server)).job
    running = asyncio.create_task(done_by_child(job))
    await until(lambda: server.asked)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(list(refresh_all(config(tmp_path).job))) == 0, "nobody holds the lock"
