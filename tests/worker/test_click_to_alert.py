"""The whole way with a real edge: from a click to the administrator's webhook, and back to mail of before."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from backstamp.journal import JournalWriter
from backstamp.records.models import Event
from backstamp.records.outbox import channels
from backstamp.vocabulary import ChannelKind, Delivery, EventType, QueuedLink, QueuedRecipient, ThreatType
from backstamp.worker import WorkerConfig
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.lists.source import Form, Source
from tests.edge import guarded
from tests.edge.server_process import ServerProcess, running_edge
from tests.edge.setting import RECIPIENT
from tests.records.journal_records import BROWSER_CLICK
from tests.records.received import received
from tests.worker.channels.hook_server import HookServer, hook_server
from tests.worker.running import eventually, looked_up, running, stalls

URL = "https://phish.example/login"
READER = "anna@acme.example"


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with hook_server() as server:
        yield server


@pytest.fixture
def beside(config: WorkerConfig, tmp_path: Path) -> WorkerConfig:
    """A worker that leaves the edge's policy as the test has published it."""
    return msgspec.structs.replace(config, snapshot_path=tmp_path / "worker-snapshot")


@pytest.fixture
def listed_as_bad(tmp_path: Path) -> None:
    guarded.list_bad(tmp_path)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[ServerProcess]:
    guarded.guard(tmp_path)
    with running_edge(tmp_path) as server:
        yield server


def receive_mail(config: WorkerConfig) -> None:
    """Write to the journal what a gateway would: mail with the link that `guarded.received` seals."""
    now = time.time_ns() // 1000
    writer = JournalWriter(config.journal_dir, role="gateway")
    writer.append(
        msgspec.structs.replace(
            received(message=7),
            at_us=now - 60_000_000,
            recipients=(QueuedRecipient(2, READER, RECIPIENT),),
            tracked_links=(QueuedLink(3, URL),),
            domain_id=1,
        )
    )
    writer.append(
        Delivery(at_us=now - 59_000_000, tracking_id=7, type=EventType.SENT, recipient_index=2, code=250)
    )
    writer.close()


async def click(edge: ServerProcess) -> tuple[bytes, float]:
    """Follow the link as a browser does; return the status and when it was asked for."""
    fields = [f"{name.replace('_', '-')}: {value}" for name, value in BROWSER_CLICK.items()]
    began = time.monotonic()
    answer = await asyncio.to_thread(edge.get, guarded.received(URL), *fields)
    return answer.split(b" ", 2)[1], began


async def posted(hook: HookServer, number: int) -> None:
    async with asyncio.timeout(60):
        while len(hook.posts) < number:
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("listed_as_bad")  # before the edge looks for the first time
async def test_from_a_click_at_the_edge_to_the_webhook_it_takes_less_than_five_seconds(
    beside: WorkerConfig, edge: ServerProcess, hook: HookServer
) -> None:
    await looked_up(lambda: channels.add("ops", ChannelKind.WEBHOOK, hook.url(), "me"))
    receive_mail(beside)
    async with running(beside), stalls() as stalled:
        status, clicked = await click(edge)
        await posted(hook, 1)
        late = stalled()
    assert status == b"403"
    took = hook.posts[0].at - clicked - late
    print(f"from the click to the webhook: {took:.2f} s")
    assert took < 5
    (alert,) = hook.posts[0].json["data"]["alerts"]
    assert (alert["rule"], alert["domain"], alert["url"], alert["source"]) == (
        *("known_bad_click", "acme.example", URL),
        "list-of-phishing",
    )
    assert [(act["address"], act["act"]) for act in alert["people"]["first"]] == [(READER, "blocked")]


async def test_a_link_that_was_followed_before_a_list_named_it_is_told_of_and_stopped(
    beside: WorkerConfig, edge: ServerProcess, hook: HookServer, tmp_path: Path
) -> None:
    listed = tmp_path / "blocked.txt"
    listed.write_text("elsewhere.example\n")
    own = Source(
        name="own",
        form=Form.PLAIN,
        threat_type=ThreatType.PHISHING,
        address=str(listed),
        seconds=1,
        trusted=True,
    )
    feeds = FeedsConfig(
        sources=(own,),
        directory=tmp_path / "feeds",
        lists_path=tmp_path / "threats.lists",
        answers_path=tmp_path / "threats.answers",
    )
    await looked_up(lambda: channels.add("ops", ChannelKind.WEBHOOK, hook.url(), "me"))
    receive_mail(beside)
    async with running(msgspec.structs.replace(beside, feeds=feeds)):
        assert (await click(edge))[0] == b"302"
        await eventually(lambda: Event.objects.filter(type="allowed", recipient_index=2).count(), 1)
        listed.write_text("elsewhere.example\nphish.example\n")
        await posted(hook, 1)
        async with asyncio.timeout(60):
            while (await click(edge))[0] != b"403":  # the edge looks at its files four times a second
                await asyncio.sleep(0.05)
    (alert,) = hook.posts[0].json["data"]["alerts"]
    assert (alert["rule"], alert["source"], alert["host"]) == (
        "clicked_before_listed",
        "own",
        "phish.example",
    )
    assert {(act["address"], act["act"]) for act in alert["people"]["first"]} == {
        (READER, "allowed"),
        (READER, "received"),
    }
