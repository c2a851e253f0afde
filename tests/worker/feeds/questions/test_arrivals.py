"""Links of received mail and of clicks that wait: who is asked about which."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backstamp.policy import ProtectionMode
from backstamp.shared_files import ThreatFile, publish_lists
from backstamp.threats.lists import Source, SourceEntries
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import (
    ClickAction,
    Hit,
    HitKind,
    JournalRecord,
    Origin,
    Queued,
    QueuedLink,
    ThreatType,
)
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.questions import arrivals as module
from backstamp.worker.feeds.questions.arrivals import Arrivals
from backstamp.worker.feeds.questions.lookups import Lookups


class Asked(Lookups):
    """Takes note of what is asked."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            FeedsConfig(
                sources=(),
                directory=directory,
                lists_path=directory / "threats.lists",
                answers_path=directory / "threats.answers",
            )
        )
        self.prefixes: list[bytes] = []
        self.hosts: list[str] = []
        self.answering = asyncio.Event()
        self.answering.set()
        self.resolving = asyncio.Event()
        self.resolving.set()

    async def resolve(self, prefixes: object) -> None:
        assert isinstance(prefixes, list)
        self.prefixes += prefixes
        await self.resolving.wait()

    async def ask_about(self, hosts: object) -> None:
        assert isinstance(hosts, list)
        self.hosts += hosts
        await self.answering.wait()


def received(*urls: str, protection: str = ProtectionMode.PROTECT, tracking_id: int = 1) -> Queued:
    links = tuple(QueuedLink(number, url) for number, url in enumerate(urls, 1))
    return Queued(
        at_us=1, tracking_id=tracking_id, origin=Origin.MILTER, tracked_links=links, protection=protection
    )


def click(tracking_id: int, number: int, action: ClickAction | None = ClickAction.CHECK) -> Hit:
    return Hit(
        at_us=1,
        kind=HitKind.REDIRECT,
        domain_id=1,
        tracking_id=tracking_id,
        link_number=number,
        action=action,
    )


@asynccontextmanager
async def listening(
    tmp_path: Path, links: dict[tuple[int, int], str] | None = None
) -> AsyncIterator[tuple[Asked, Callable[..., None]]]:
    bare = Source("safe-browsing/se-4b", ThreatType.PHISHING, 4, bare=True)
    whole = Source("openphish", ThreatType.PHISHING)
    publish_lists(
        tmp_path / "threats.lists",
        [
            SourceEntries(bare, [full_hash("evil.example/a"), full_hash("inner.example/")]),
            SourceEntries(whole, [full_hash("known.example/")]),
        ],
    )
    asked = Asked(tmp_path)

    async def urls_of(wanted: set[tuple[int, int]]) -> list[str]:
        return [url for link, url in (links or {}).items() if link in wanted]

    arrivals = Arrivals(asked, ThreatFile(tmp_path / "threats.lists"), urls_of)
    stop = asyncio.Event()
    running = asyncio.create_task(arrivals.run(stop))

    def hear(*records: JournalRecord) -> None:
        arrivals.hear(records)

    yield asked, hear
    # All that was heard has been asked about, or an answer is waited for.
    heard = arrivals._clicks_heard, arrivals._mail_heard
    await until(lambda: not (any(each.is_set() for each in heard) or arrivals._hosts))
    stop.set()
    await running


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


async def test_what_only_a_prefix_names_is_resolved_and_every_host_asked_about(tmp_path: Path) -> None:
    wrapped = "https://www.google.com/url?q=http%3A%2F%2Finner.example%2Fx"
    async with listening(tmp_path) as (asked, hear):
        hear(received("http://evil.example/a", "http://good.example/", "http://known.example/b", wrapped))
    assert asked.prefixes == [full_hash("evil.example/a"), full_hash("inner.example/")]
    assert asked.hosts == [
        "evil.example",
        "good.example",
        "known.example",
        "www.google.com",
        "inner.example",
    ]


@pytest.mark.parametrize("protection", ["", ProtectionMode.OFF])
async def test_nobody_is_asked_about_mail_that_is_not_protected(tmp_path: Path, protection: str) -> None:
    async with listening(tmp_path) as (asked, hear):
        hear(received("http://evil.example/a", protection=protection))
        hear(click(1, 1, ClickAction.BLOCK), click(1, 1, None))
    assert (asked.prefixes, asked.hosts) == ([], [])


async def test_a_click_does_not_wait_for_what_is_asked_about_mail(tmp_path: Path) -> None:
    links = {(7, 3): "http://inner.example/", (7, 4): "http://other.example/"}
    async with listening(tmp_path, links) as (asked, hear):
        asked.resolving.clear()
        hear(received("http://evil.example/a"))
        await until(lambda: asked.prefixes)
        hear(click(7, 3), click(8, 3))
        await until(lambda: len(asked.prefixes) > 1)
        asked.resolving.set()
    assert asked.prefixes == [full_hash("evil.example/a"), full_hash("inner.example/")]
    assert asked.hosts == ["evil.example", "inner.example"]


async def test_a_click_does_not_wait_for_dns_lists_that_answer_slowly(tmp_path: Path) -> None:
    links = {(7, 3): "http://evil.example/a"}
    async with listening(tmp_path, links) as (asked, hear):
        asked.answering.clear()
        hear(received("http://host.example/"))
        await until(lambda: asked.hosts)
        hear(click(7, 3))
        await until(lambda: asked.prefixes)
        assert asked.prefixes == [full_hash("evil.example/a")]
        assert asked.hosts == ["host.example"], "the list has not answered yet"
        asked.answering.set()
    assert asked.hosts == ["host.example", "evil.example"]


async def test_who_waits_for_dns_lists_without_end_does_not_keep_the_worker_from_stopping(
    tmp_path: Path,
) -> None:
    async with asyncio.timeout(60):
        async with listening(tmp_path) as (asked, hear):
            asked.answering.clear()
            hear(received("http://host.example/"))
    assert asked.hosts == ["host.example"]


async def test_a_click_on_the_first_link_made_by_hand_which_is_number_0_is_asked_about_too(
    tmp_path: Path,
) -> None:
    async with listening(tmp_path, {(7, 0): "http://evil.example/a"}) as (asked, hear):
        hear(click(7, 0))
    assert asked.prefixes == [full_hash("evil.example/a")]


async def test_what_has_no_room_is_what_waited_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    async with listening(tmp_path) as (asked, hear):
        hear(*(received(f"http://host-{number}.example/") for number in range(10)))
    assert asked.hosts == [f"host-{number}.example" for number in (7, 8, 9)]


async def test_mails_are_asked_about_together_but_none_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    rounds: list[list[str]] = []

    async def ask_about(hosts: Iterable[str]) -> None:
        rounds.append(list(hosts))

    async with listening(tmp_path) as (asked, hear):
        monkeypatch.setattr(asked, "ask_about", ask_about)
        for mail in ("a", "bc", "d", "e", "fgh", "i"):
            hear(received(*(f"http://{letter}.example/" for letter in mail)))
    assert ["".join(host[0] for host in hosts) for hosts in rounds] == ["a", "bc", "de", "fgh", "i"]


async def test_of_links_that_cost_more_than_a_mail_may_the_short_ones_are_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstamp.urls.layers._MOST_CHARACTERS", 150)
    long = [f"http://long-{number}.example/{'x' * 80}" for number in range(3)]
    async with listening(tmp_path) as (asked, hear):
        hear(received(*long, "http://evil.example/a"), received("http://good.example/"))
    assert asked.prefixes == [full_hash("evil.example/a")]
    assert asked.hosts == ["long-0.example", "evil.example", "good.example"]


async def test_a_mail_full_of_links_is_looked_up_and_makes_us_ask_a_hundred_hosts(tmp_path: Path) -> None:
    async with listening(tmp_path) as (asked, hear):
        hear(received(*(f"http://host-{number}.example/" for number in range(250)), "http://evil.example/a"))
        await until(lambda: asked.prefixes)
    assert asked.prefixes == [full_hash("evil.example/a")]
    assert asked.hosts == [f"host-{number}.example" for number in range(100)]


async def test_of_a_mail_full_of_what_prefixes_name_some_are_asked_about_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    async with listening(tmp_path, {(7, 3): "http://inner.example/"}) as (asked, hear):
        asked.resolving.clear()
        hear(received(*["http://evil.example/a"] * 5))
        await until(lambda: asked.prefixes)
        assert asked.prefixes == [full_hash("evil.example/a")] * 2
        hear(click(7, 3))
        await until(lambda: len(asked.prefixes) > 2)
        assert asked.prefixes[2:] == [full_hash("inner.example/")]
        asked.resolving.set()
    assert asked.prefixes[3:] == [full_hash("evil.example/a")] * 3


async def test_what_is_no_url_is_passed_over(tmp_path: Path) -> None:
    async with listening(tmp_path) as (asked, hear):
        hear(received("", "mailto:a@b.example", "http://", "x" * 10_000, "http://good.example/"))
    assert asked.hosts == ["good.example"]
