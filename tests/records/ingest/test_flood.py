"""Whoever fetches one image without end makes neither the records false nor every further hit dear."""

import random

import pytest

from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events import groups
from backstamp.records.ingest.batches import ingest
from backstamp.records.memory import today as memory
from backstamp.records.memory.today import Memory
from backstamp.records.models import (
    DayCount,
    Event,
    JournalCursor,
    Link,
    Message,
    MessageRollup,
    MessageText,
    Recipient,
)
from backstamp.records.rollups import rollup
from backstamp.vocabulary import JournalRecord
from tests.records.dump import dump
from tests.records.journal_records import (
    APPLE_PREFETCH,
    CHROME,
    MESSAGE,
    OTHER_SOURCE,
    OUTLOOK,
    SOURCE,
    after,
    batch,
    click,
    delivery,
    pixel,
    queued,
)

NOW = after(100_000)


@pytest.fixture
def small_crowds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood that is quickly made."""
    for module in (groups, memory, rollup):
        monkeypatch.setattr(module, "MOST_HITS", 30)
    monkeypatch.setattr(groups, "CROWD", 8)


def anna() -> Recipient:
    return Recipient.objects.get(message=to_database(MESSAGE), index=0)


@pytest.mark.usefixtures("small_crowds")
def test_a_person_is_seen_after_a_flood_by_machines() -> None:
    kept = Memory()
    flood = [pixel(60 + n, agent=APPLE_PREFETCH) for n in range(100)]
    ingest(batch("edge", [queued(), delivery(1), *flood]), NOW, kept)
    assert anna().opened_at is None
    ingest(batch("other", [pixel(50_000, source=OTHER_SOURCE)]), NOW, kept)
    assert (anna().opened_at, anna().human_opens) == (after(50_000), 1)
    assert Event.objects.filter(type="opened").count() == 101


@pytest.mark.usefixtures("small_crowds")
@pytest.mark.parametrize("seed", range(6))
def test_a_flood_ends_the_same_in_whatever_order_it_comes(seed: int) -> None:
    dice = random.Random(seed)
    hits: list[JournalRecord] = [
        dice.choice(
            (
                pixel(600 + dice.randrange(900) / 10, agent=dice.choice((CHROME, OUTLOOK, APPLE_PREFETCH))),
                click(600 + dice.randrange(900) / 10, link=dice.randrange(3)),
                pixel(600 + dice.randrange(900) / 10, key=bytes(8)),
            )
        )
        for _ in range(70)
    ]
    hits = [
        type(hit)(**{name: getattr(hit, name) for name in hit.__struct_fields__} | {"source": source})
        for hit, source in ((hit, dice.choice((SOURCE, OTHER_SOURCE, b""))) for hit in hits)
    ]
    singles = [batch(f"p{n:03}", [record]) for n, record in enumerate([queued(), delivery(1), *hits])]
    for one in singles:
        ingest(one, NOW)
    expected = dump()
    _empty()
    dice.shuffle(singles)
    kept = Memory()
    while singles:
        size = dice.randrange(1, 20)
        now, singles = singles[:size], singles[size:]
        for one in now:
            ingest(one, NOW, kept)
    assert dump() == expected


def _empty() -> None:
    for model in (Event, Link, Recipient, MessageRollup, MessageText, DayCount, Message, JournalCursor):
        model.objects.all().delete()
