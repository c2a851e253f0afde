"""Whatever order the producers' records come in, and however often, the records end the same."""

import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstamp.journal import Batch
from backstamp.records.ingest.batches import ingest
from backstamp.records.ingest.journal_cursors import cursors
from backstamp.records.memory.today import FRESH_US, Memory
from backstamp.records.models import Consent
from backstamp.records.rollups.rebuild import rebuild
from backstamp.vocabulary import ClickAction, EventType, JournalRecord, WishAct
from tests.database import empty_database
from tests.records.dump import dump
from tests.records.journal_records import (
    ANNA,
    APPLE_PREFETCH,
    BERT,
    BROWSER_CLICK,
    CHROME,
    OTHER_SOURCE,
    OUTLOOK,
    SOURCE,
    after,
    batch,
    click,
    delivery,
    guarded_click,
    pixel,
    queued,
    received,
    report,
    wish,
)

OTHER_MESSAGE = 7
RECEIVED_MESSAGE = 8
NOW = after(3000)

burst = st.sampled_from([600.0, 600.4, 601.0, 601.9, 604.0, 640.0, 659.0])
anywhen = st.one_of(
    st.sampled_from([-90.0, 1.0, 2.5, 11.0, 2000.0, 90_000.0, 200_000.0]), st.floats(-100, 2900)
)
seconds = st.one_of(burst, burst, burst, anywhen).map(lambda value: round(value, 3))
messages = st.sampled_from([queued().tracking_id] * 3 + [OTHER_MESSAGE])
sources = st.sampled_from([SOURCE, SOURCE, OTHER_SOURCE, b""])
pixels = st.builds(
    pixel,
    seconds,
    key=st.sampled_from([ANNA, ANNA, BERT, bytes(8), b"stranger"]),
    agent=st.sampled_from([CHROME, OUTLOOK, APPLE_PREFETCH]),
    source=sources,
    message=messages,
    method=st.sampled_from(["GET", "GET", "GET", "HEAD"]),
)
clicks = st.builds(
    click,
    seconds,
    index=st.sampled_from([0, 0, 0, 1, 9, None]),
    link=st.integers(0, 3),
    headers=st.sampled_from(
        [
            *(None, None, {"user_agent": CHROME}, {"user_agent": "curl/8.0"}),
            BROWSER_CLICK | {"malformed_token": "'"},
        ]
    ),
    source=sources,
    message=messages,
)
guarded_clicks = st.builds(
    guarded_click,
    seconds,
    st.sampled_from(ClickAction),
    index=st.sampled_from([0, 0, 1, 9, None]),
    link=st.integers(0, 3),
    source=sources,
    message=st.just(RECEIVED_MESSAGE),
)
deliveries = st.builds(
    delivery,
    st.sampled_from([0.5, 1.0, 595.0, 640.0]),
    index=st.integers(0, 1),
    type_=st.sampled_from([EventType.SENT, EventType.SENT, EventType.DEFERRED, EventType.REJECTED]),
    message=messages,
)
reports = st.builds(
    report,
    st.sampled_from([2.0, 600.2, 700.0, 2500.0]),
    st.sampled_from(
        [
            *(EventType.BOUNCED, EventType.DELIVERED, EventType.DEFERRED, EventType.DISPLAYED),
            *(EventType.REPLIED, EventType.AUTORESPONDED, EventType.COMPLAINED),
        ]
    ),
    index=st.sampled_from([0, 0, 1, 9, None]),
    message=messages,
    sealed=st.booleans(),
    mail=st.sampled_from(["", "a mail", "another"]),
)
same_reports = st.builds(
    report,
    st.sampled_from([2.0, 600.2, 90_000.0]),
    st.sampled_from([EventType.BOUNCED, EventType.DELIVERED, EventType.DISPLAYED, EventType.COMPLAINED]),
    index=st.sampled_from([0, 0, None]),
    sealed=st.booleans(),
    mail=st.just("a mail"),
)
wishes = st.builds(
    wish,
    st.sampled_from([WishAct.UNSUBSCRIBE, WishAct.UNSUBSCRIBE, WishAct.RESUBSCRIBE]),
    st.sampled_from([60.0, 60.0, 70.0, 80.0, 90.0]),
    message=messages,
    index=st.sampled_from([0, 0, 0, 1]),
    one_click=st.booleans(),
)
withdrawing = st.builds(
    wish,
    st.sampled_from([WishAct.STOP_OPENS, WishAct.STOP_LINKS]),
    st.sampled_from([60.0, 70.0]),
    message=messages,
)
"""Not among hits: what came before a withdrawal arrived is kept, and nothing of what comes after it."""
refusals = st.builds(
    delivery,
    st.sampled_from([0.5, 1.0]),
    index=st.integers(0, 1),
    type_=st.just(EventType.REJECTED),
    message=messages,
    code=st.just(550),
)
record_lists = st.lists(
    st.one_of(clicks, clicks, guarded_clicks, pixels, deliveries, reports, wishes), min_size=1, max_size=12
)
report_lists = st.lists(
    st.one_of(same_reports, same_reports, same_reports, clicks, pixels, deliveries), min_size=2, max_size=10
)
wish_lists = st.lists(
    st.one_of(wishes, wishes, wishes, withdrawing, refusals, reports), min_size=1, max_size=12
)


def joined(batches: list[Batch]) -> Batch:
    return Batch(
        [record for one in batches for record in one.records],
        {producer: position for one in batches for producer, position in one.cursors.items()},
    )


withdrawals = st.sampled_from([b"", b"", b"", ANNA])


@pytest.mark.parametrize("vendor", ["sqlite"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), records=record_lists, withdrawn=withdrawals)
def test_any_order_any_cut_and_any_replay_give_the_same_records(
    vendor: str, data: st.DataObject, records: list[JournalRecord], withdrawn: bytes
) -> None:
    _check(vendor, data, records, withdrawn)


@pytest.mark.parametrize("vendor", ["sqlite"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), records=wish_lists)
def test_what_recipients_wish_ends_the_same_in_any_order(
    vendor: str, data: st.DataObject, records: list[JournalRecord]
) -> None:
    _check(vendor, data, records, b"")


@pytest.mark.parametrize("vendor", ["sqlite"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), records=report_lists)
def test_a_report_that_comes_again_by_whatever_way_ends_the_same_in_any_order(
    vendor: str, data: st.DataObject, records: list[JournalRecord]
) -> None:
    _check(vendor, data, records, b"")


@pytest.mark.daemon
@pytest.mark.parametrize("vendor", ["postgresql"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), records=record_lists, withdrawn=withdrawals)
def test_and_so_do_they_in_postgresql(
    vendor: str, data: st.DataObject, records: list[JournalRecord], withdrawn: bytes
) -> None:
    _check(vendor, data, records, withdrawn)


@pytest.mark.soak
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("vendor", ["sqlite"])
@settings(max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), records=record_lists, withdrawn=withdrawals)
def test_a_long_hunt_finds_no_order_that_makes_a_difference(
    vendor: str, data: st.DataObject, records: list[JournalRecord], withdrawn: bytes
) -> None:
    _check(vendor, data, records, withdrawn)


def _check(vendor: str, data: st.DataObject, records: list[JournalRecord], withdrawn: bytes) -> None:
    sent = [queued(), queued(message=OTHER_MESSAGE, links=1, opens=False)]
    everything = [*sent, received(message=RECEIVED_MESSAGE), *records]
    singles = [batch(f"p{n:03}", [record]) for n, record in enumerate(everything)]
    order = data.draw(st.permutations(singles), label="order")
    lengths = data.draw(
        st.lists(st.integers(1, 5), min_size=len(order), max_size=len(order)), label="lengths"
    )

    with tempfile.TemporaryDirectory() as folder, empty_database(Path(folder), vendor):
        _withdraw(withdrawn)
        ingest(joined(singles), NOW)
        expected = dump()

    with tempfile.TemporaryDirectory() as folder, empty_database(Path(folder), vendor):
        _withdraw(withdrawn)
        remaining = list(order)
        memory = data.draw(st.sampled_from([None, Memory()]), label="memory")
        # Whether hits are kept for a while, or summed up at once.
        fresh_us = data.draw(st.sampled_from([FRESH_US, -FRESH_US * 1000]), label="fresh")
        for length in lengths:
            now, remaining = remaining[:length], remaining[length:]
            if not now:
                break
            with patch("backstamp.records.memory.today.FRESH_US", fresh_us):
                ingest(joined(now), NOW, memory)
            if data.draw(st.booleans(), label="replayed"):
                before = dump(), cursors()
                again = ingest(joined(now), NOW, memory)
                assert again.replayed == len(now)
                assert again.version is None
                assert (dump(), cursors()) == before
        assert dump() == expected
        rebuild()
        assert dump() == expected


def _withdraw(key: bytes) -> None:
    if key:
        Consent.objects.create(
            address="anna@example.com", recipient_key=key, opens="withdrawn", links="withdrawn"
        )
