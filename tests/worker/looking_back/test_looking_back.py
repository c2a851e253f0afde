"""When a list changes, a publisher answers or an administrator decides: found once, whatever breaks off."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backstamp.records.ingest.batches import ingest
from backstamp.records.looking_back.look import look_back
from backstamp.records.models import (
    Alert,
    ExpressionKill,
    LiftedAllowance,
    LinkFinding,
    Outgoing,
    OwnListEntry,
)
from backstamp.records.outbox import channels
from backstamp.records.protection.own_lists import add, take_off
from backstamp.shared_files import ThreatFile
from backstamp.shared_files.threat_file import publish_lists
from backstamp.threats.answers import Answers
from backstamp.threats.lists import Source, SourceEntries
from backstamp.tokens import Keyring
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import ChannelKind, ClickAction, QueuedRecipient, ThreatType
from backstamp.worker import WorkerConfig
from backstamp.worker.feeds.keeping.new_entries import NewEntries, Spool
from backstamp.worker.looking_back import part as looking_back
from backstamp.worker.looking_back import search
from backstamp.worker.looking_back.part import LookingBack
from backstamp.worker.parts.database import Database
from tests.records.journal_records import ANNA, BERT, after, batch, delivery
from tests.records.received import EVIL, followed, received
from tests.worker.running import eventually, looked_up, running

DAY = 20_514  # 2026-03-02


class FakeLookups:
    """Keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answers = Answers()

    async def resolve(self, prefixes: Iterable[bytes]) -> None:
        self.asked += [prefix[:4] for prefix in prefixes]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking_back, "LOOK_SECONDS", 0.1)


@pytest.fixture
def stop() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def caught_up() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


def take_mail() -> None:
    ingest(batch("p", [received(), delivery(1), followed(30, ClickAction.ALLOW)]), after(600))


def new_entries(tmp_path: Path, *expressions: str) -> NewEntries:
    spool = Spool(tmp_path)
    spool.add("urlhaus", ThreatType.MALWARE, DAY, expressions)
    spool.release()
    return NewEntries(spool.waiting()[0])


def found() -> list[tuple[str, str]]:
    return sorted(LinkFinding.objects.values_list("source", "reason"))


async def with_database(work: Callable[[Database], Awaitable[None]]) -> None:
    database = Database()
    try:
        await work(database)
    finally:
        database.close()


async def looked_for(database: Database, caught_up: asyncio.Event, tmp_path: Path, *news: NewEntries) -> None:
    """Look for what is new, and once more a moment later."""
    looking = LookingBack(database, caught_up, tmp_path / "again", again_seconds=0.05)
    for new in news:
        await looking.on_new_entries(new)
    stop = asyncio.Event()
    part = asyncio.create_task(looking.run(stop))
    async with asyncio.timeout(60):
        while list((tmp_path / "again").iterdir()):
            await asyncio.sleep(0.02)
    stop.set()
    await part


async def test_what_is_new_on_a_list_is_found_and_the_second_look_alerts_nobody_again(
    tmp_path: Path, caught_up: asyncio.Event
) -> None:
    await looked_up(take_mail)
    new = new_entries(tmp_path, "elsewhere.example/", "login.evil.example/")
    await with_database(lambda database: looked_for(database, caught_up, tmp_path, new))
    alert = await looked_up(Alert.objects.get)
    assert (alert.rule, alert.count, alert.source) == ("clicked_before_listed", 1, "urlhaus")
    assert alert.listed_since == datetime(2026, 3, 2, tzinfo=UTC)
    assert await looked_up(found) == [("urlhaus", "listed_host")]


async def test_mail_that_is_ingested_after_the_first_look_is_found_by_the_second_after_a_restart_too(
    tmp_path: Path, caught_up: asyncio.Event
) -> None:
    new = new_entries(tmp_path, "login.evil.example/")

    async def first(database: Database) -> None:
        await LookingBack(database, caught_up, tmp_path / "again").on_new_entries(new)

    await with_database(first)
    new.path.unlink()  # as FeedKeeping does
    assert await looked_up(found) == []
    await looked_up(take_mail)
    await with_database(lambda database: looked_for(database, caught_up, tmp_path))
    assert await looked_up(found) == [("urlhaus", "listed_host")]


async def test_the_second_look_waits_until_the_journal_is_read_to_its_end(
    tmp_path: Path, stop: asyncio.Event, caught_up: asyncio.Event
) -> None:
    caught_up.clear()
    new = new_entries(tmp_path, "login.evil.example/")

    async def work(database: Database) -> None:
        looking = LookingBack(database, caught_up, tmp_path / "again", again_seconds=0.05)
        await looking.on_new_entries(new)
        part = asyncio.create_task(looking.run(stop))
        await asyncio.sleep(0.4)
        assert len(list((tmp_path / "again").iterdir())) == 1
        await database.run(take_mail)
        caught_up.set()
        await eventually(found, [("urlhaus", "listed_host")])
        stop.set()
        await part

    await with_database(work)


async def test_a_look_that_breaks_off_in_the_middle_loses_and_doubles_nothing(
    tmp_path: Path, caught_up: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_five() -> None:
        channels.add("ops", ChannelKind.WEBHOOK, "https://hooks.example/", "me")
        ingest(batch("p", [received(message=number) for number in range(1, 6)]), after(600))

    await looked_up(take_five)
    monkeypatch.setattr(search, "PAGE", 2)
    new = new_entries(tmp_path, "login.evil.example/")
    original, calls = look_back, []

    def failing(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(search, "look_back", failing)

    async def work(database: Database) -> None:
        looking = LookingBack(database, caught_up, tmp_path / "again")
        with pytest.raises(RuntimeError, match="killed"):
            await looking.on_new_entries(new)
        assert await database.run(LinkFinding.objects.count) == 2
        await looking.on_new_entries(new)

    await with_database(work)
    assert await looked_up(lambda: (LinkFinding.objects.count(), Alert.objects.get().count)) == (5, 5)
    assert await looked_up(Outgoing.objects.count) == 1


async def test_a_new_prefix_of_which_mail_has_a_link_asks_its_publisher_and_finds_nothing_by_itself(
    tmp_path: Path, caught_up: asyncio.Event
) -> None:
    await looked_up(take_mail)
    lookups = FakeLookups()
    spool = Spool(tmp_path)
    wanted = [full_hash(each)[:4] for each in ("good.example/", "login.evil.example/")]
    prefixes = b"".join(sorted([*wanted, bytes(4)]))
    spool.add_prefixes("safe-browsing", ThreatType.PHISHING, DAY, 4, prefixes)
    spool.release()
    new = NewEntries(spool.waiting()[0])

    async def work(database: Database) -> None:
        looking = LookingBack(database, caught_up, tmp_path / "again", lookups)  # type: ignore[arg-type]
        await looking.on_new_entries(new)

    await with_database(work)
    assert (set(lookups.asked), await looked_up(found)) == (set(wanted), [])


async def test_what_a_publisher_confirms_is_found_by_its_hash(
    tmp_path: Path, caught_up: asyncio.Event
) -> None:
    await looked_up(take_mail)
    spool = Spool(tmp_path)
    spool.add_hashes("safe-browsing", ThreatType.PHISHING, DAY, [full_hash("login.evil.example/in")])
    new = NewEntries(spool.waiting()[0])
    await with_database(lambda database: looked_for(database, caught_up, tmp_path, new))
    assert await looked_up(found) == [("safe-browsing", "listed_url")]


async def test_what_an_administrator_switches_off_is_found_by_the_running_worker(
    config: WorkerConfig,
) -> None:
    await looked_up(take_mail)

    def switch_off() -> None:
        digest = full_hash("evil.example/")[:8]
        ExpressionKill.objects.create(expression="evil.example/", digest=digest)

    async with running(config):
        await looked_up(switch_off)
        await eventually(found, [("kill switch", "switched_off")])
    assert await looked_up(lambda: Alert.objects.get().url) == EVIL


async def test_what_an_administrator_allows_is_told_by_the_running_worker_and_by_no_second_look(
    config: WorkerConfig,
) -> None:
    def take_clicked_mail() -> None:
        channels.add("ops", ChannelKind.WEBHOOK, "https://hooks.invalid/", "me")
        ingest(batch("p", [received(), delivery(1), followed(30)]), after(600))
        Outgoing.objects.update(state=Outgoing.State.DELIVERED, finished_at=after(600))

    def kinds() -> list[str]:
        return list(Outgoing.objects.order_by("pk").values_list("kind", flat=True))

    await looked_up(take_clicked_mail)
    ring = Keyring.create(bytes(32), bytes(32), 0)
    async with running(config):
        await looked_up(lambda: add(OwnListEntry.Kind.ALLOWED, "evil.example", "", ring, by="ann"))
        await eventually(kinds, ["alert", "update"])
        await eventually(lambda: OwnListEntry.objects.get().looked_back_at is not None, expected=True)
    assert await looked_up(kinds) == ["alert", "update"]


async def test_what_an_own_list_allows_no_longer_is_found_where_others_name_it(
    tmp_path: Path, stop: asyncio.Event, caught_up: asyncio.Event
) -> None:
    malware = Source("urlhaus", ThreatType.MALWARE)
    hashes = [full_hash(each) for each in ("login.evil.example/", "unrelated.example/")]
    publish_lists(tmp_path / "threats.lists", [SourceEntries(malware, hashes, [DAY, DAY])])

    def entry(kind: OwnListEntry.Kind, expression: str, scope: str = "") -> OwnListEntry:
        digest = full_hash(expression)[:8]
        return OwnListEntry.objects.create(
            kind=kind, expression=expression, digest=digest, scope=scope, looked_back_at=datetime.now(UTC)
        )

    def allow_and_take_mail() -> None:
        entry(OwnListEntry.Kind.BLOCKED, "evil.example/", "our.example")
        entry(OwnListEntry.Kind.BLOCKED, "unrelated.example/")
        entry(OwnListEntry.Kind.ALLOWED, "login.evil.example/")
        entry(OwnListEntry.Kind.ALLOWED, "good.example/")
        take_mail()

    def lift() -> None:
        for each in OwnListEntry.objects.filter(kind=OwnListEntry.Kind.ALLOWED):
            take_off(each)

    async def work(database: Database) -> None:
        lists = ThreatFile(tmp_path / "threats.lists")
        looking = LookingBack(database, caught_up, tmp_path / "again", again_seconds=0.05, lists=lists)
        part = asyncio.create_task(looking.run(stop))
        await database.run(lift)
        await eventually(found, [("own list of our.example", "own_list"), ("urlhaus", "listed_host")])
        await eventually(LiftedAllowance.objects.count, 0)
        stop.set()
        await part

    await looked_up(allow_and_take_mail)
    await with_database(work)
    (alert,) = await looked_up(lambda: list(Alert.objects.all()))
    assert (alert.rule, alert.domain, alert.url) == ("clicked_before_listed", "our.example", EVIL)


async def test_what_a_domain_allows_no_longer_is_found_by_the_worker_although_it_was_told_to_others(
    tmp_path: Path, stop: asyncio.Event, caught_up: asyncio.Event
) -> None:
    malware = Source("urlhaus", ThreatType.MALWARE)
    publish_lists(tmp_path / "threats.lists", [SourceEntries(malware, [full_hash("evil.example/")], [DAY])])
    recipients = [
        QueuedRecipient(0, "anna@our.example", ANNA),
        QueuedRecipient(1, "carl@other.example", BERT),
    ]

    def allow_and_take_mail() -> None:
        digest = full_hash("evil.example/")[:8]
        OwnListEntry.objects.create(
            kind="allowed", scope="other.example", expression="evil.example/", digest=digest
        )
        ingest(batch("p", [received(recipients=recipients)]), after(600))

    async def work(database: Database) -> None:
        lists = ThreatFile(tmp_path / "threats.lists")
        looking = LookingBack(database, caught_up, tmp_path / "again", again_seconds=0.05, lists=lists)
        await looking.on_new_entries(new_entries(tmp_path, "evil.example/"))
        await database.run(lambda: take_off(OwnListEntry.objects.get()))
        part = asyncio.create_task(looking.run(stop))
        await eventually(LiftedAllowance.objects.count, 0)
        stop.set()
        await part

    await looked_up(allow_and_take_mail)
    await with_database(work)
    told = await looked_up(lambda: list(Alert.objects.order_by("pk").values_list("domain", "count")))
    assert told == [("our.example", 1), ("other.example", 1)]


async def test_prefixes_that_name_what_is_allowed_no_longer_are_asked_about(
    tmp_path: Path, stop: asyncio.Event, caught_up: asyncio.Event
) -> None:
    bare = Source("safe-browsing/se-4b", ThreatType.PHISHING, 4, bare=True)
    wanted = full_hash("login.evil.example/")
    publish_lists(tmp_path / "threats.lists", [SourceEntries(bare, [wanted])])
    lookups = FakeLookups()

    def lift() -> None:
        take_mail()
        LiftedAllowance.objects.create(expression="evil.example/")

    async def work(database: Database) -> None:
        lists = ThreatFile(tmp_path / "threats.lists")
        looking = LookingBack(database, caught_up, tmp_path / "again", lookups, 0.05, lists=lists)  # type: ignore[arg-type]
        part = asyncio.create_task(looking.run(stop))
        await eventually(LiftedAllowance.objects.count, 0)
        stop.set()
        await part

    await looked_up(lift)
    await with_database(work)
    assert (set(lookups.asked), await looked_up(found)) == ({wanted[:4]}, [])


def test_the_pause_is_longer_than_what_a_gateway_needs_to_see_new_lists() -> None:
    from backstamp.shared_files.threat_file import RECHECK_SECONDS
    from backstamp.worker.publishing.policy import POLL_SECONDS

    seen = timedelta(seconds=RECHECK_SECONDS + POLL_SECONDS)
    assert timedelta(seconds=looking_back.AGAIN_SECONDS) > 2 * seen
