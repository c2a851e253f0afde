"""Names of addresses: confirmed, looked up beside ingest, and only where addresses are kept."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from backstamp.records.ingest.batches import ingest
from backstamp.records.memory.reverse_names import forget_names, keep, unknown_addresses
from backstamp.records.memory.today import Memory
from backstamp.records.models import Event, ReverseName
from backstamp.vocabulary import Hit
from backstamp.worker.ingest.reverse_names import ReverseLookups, confirmed_name
from backstamp.worker.parts.database import Database
from tests.records.journal_records import START_US, batch, click, delivery, queued

NOW = datetime.now(UTC)
SHIFT = round(NOW.timestamp() * 1e6) - START_US - 600_000_000
ADDRESS, NAMELESS = "198.51.100.40", "203.0.113.9"


def moved(record: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(record, at_us=record.at_us + SHIFT, **changes)


def clicked(address: str | None) -> Hit:
    hit: Hit = moved(click(500), address=address, source=b"12345678")
    return hit


def actor() -> str:
    return Event.objects.get(type="clicked").actor


def take_in(memory: Memory, address: str | None) -> None:
    ingest(batch("gate", [moved(queued()), moved(delivery(1))]), NOW, memory)
    ingest(batch("edge", [clicked(address)]), NOW, memory)


class Counted(ReverseLookups):
    rounds = 0

    async def _round(self, executor: ThreadPoolExecutor) -> None:
        await super()._round(executor)
        self.rounds += 1


def look_up(memory: Memory, names: dict[str, str]) -> list[str]:
    """Run the part until it has looked once more than there was anything to look for."""
    asked: list[str] = []

    def name(address: str) -> str:
        asked.append(address)
        return names.get(address, "")

    async def run() -> None:
        database, stop = Database(), asyncio.Event()
        again: set[tuple[int, int]] = set()
        lookups = Counted(database, again.update, name, 0.01)
        part = asyncio.create_task(lookups.run(stop))
        async with asyncio.timeout(60):
            while lookups.rounds < 2:
                await asyncio.sleep(0.01)
        stop.set()
        await part
        ingest_again = again
        await database.run(ingest, batch("none", []), NOW, memory, ingest_again)
        database.close()

    asyncio.run(run())
    return asked


def test_a_confirmed_name_of_a_scanner_corrects_a_verdict_that_was_made_without_it() -> None:
    memory = Memory()
    take_in(memory, ADDRESS)
    assert actor() == "human"
    assert look_up(memory, {ADDRESS: "scan40.barracuda.com"}) == [ADDRESS]
    assert actor() == "scanner"
    assert Event.objects.get(type="clicked").revised_at is not None
    assert look_up(memory, {}) == []  # kept: nobody is asked twice


def test_a_name_that_is_not_there_changes_nothing() -> None:
    memory = Memory()
    take_in(memory, NAMELESS)
    assert look_up(memory, {}) == [NAMELESS]
    assert actor() == "human"
    assert ReverseName.objects.get().name == ""


def test_a_hit_judged_after_a_restart_knows_the_name() -> None:
    keep({ADDRESS: "scan40.barracuda.com"}, NOW)
    take_in(Memory(), ADDRESS)
    assert actor() == "scanner"


def test_without_an_address_nothing_is_looked_up() -> None:
    take_in(Memory(), None)
    assert unknown_addresses(NOW - timedelta(hours=24), 10) == []


def test_names_are_forgotten_after_two_days() -> None:
    keep({ADDRESS: "a.example"}, NOW - timedelta(hours=50))
    keep({NAMELESS: ""}, NOW)
    forget_names(NOW - timedelta(hours=48))
    assert [row.address for row in ReverseName.objects.all()] == [NAMELESS]


@pytest.mark.parametrize(
    ("forward", "name"), [(["198.51.100.40"], "scan40.barracuda.com"), (["192.0.2.1"], ""), ([], "")]
)
def test_only_a_name_that_leads_back_counts(
    monkeypatch: pytest.MonkeyPatch, forward: list[str], name: str
) -> None:
    def addresses(_host: str, *_: object, **__: object) -> list[Any]:
        if not forward:
            raise socket.gaierror(-2, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in forward]

    monkeypatch.setattr(socket, "getnameinfo", lambda *_: ("Scan40.Barracuda.com.", "0"))
    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    assert confirmed_name(ADDRESS) == name
    assert confirmed_name("no address") == ""
