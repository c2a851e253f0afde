"""Rows of hits in the two spellings in which PostgreSQL takes them."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from django.db import DataError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstamp.records.database.bulk import append, append_binary
from backstamp.records.database.instants import LATEST_US
from backstamp.records.events import binary_rows, hit_rows
from backstamp.records.events.header_sets import Headers
from backstamp.records.events.hit_rows import Judged
from backstamp.records.events.judgements import Judgement
from backstamp.records.events.stored_hits import StoredHit, stored_hit
from backstamp.vocabulary import Actor, ClickAction, Hit, HitKind

pytestmark = pytest.mark.parametrize("vendor", [pytest.param("postgresql", marks=pytest.mark.daemon)])

HEADERS = Headers(1 << 40, {}, "Müller’s reader", b"")
JUDGED = Judgement(Actor.PROXIED_HUMAN, counts=False, score=-0.123, certainty="probable", reasons="[7,1]")
HITS = st.builds(
    Hit,
    at_us=st.integers(0, LATEST_US),
    kind=st.sampled_from(HitKind),
    domain_id=st.just(0),
    tracking_id=st.just(0),
    recipient_key=st.sampled_from([b"", b"anna-key"]),
    recipient_index=st.none() | st.integers(0, 65_535),
    link_number=st.none() | st.integers(0, 65_535),
    network=st.sampled_from(["", "apple_relay", "ü"]),
    source=st.binary(min_size=8, max_size=8) | st.just(b""),
    action=st.none() | st.sampled_from(ClickAction),
)
LARGE = st.integers(-(1 << 63), (1 << 63) - 1)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(st.tuples(HITS, LARGE, st.none() | st.integers(0, 65_535)), min_size=1, max_size=20),
    st.integers(-1, 19),
)
def test_a_hit_is_the_same_row_in_either_spelling(
    seen: Sequence[tuple[Hit, int, int | None]], newest_settled: int
) -> None:
    hits = [
        (_stored(number, hit, message, index), JUDGED) for number, (hit, message, index) in enumerate(seen)
    ]
    settled_us = -1 if newest_settled < 0 else seen[newest_settled % len(seen)][0].at_us
    with transaction.atomic():
        append("records_event", hit_rows._COLUMNS, hit_rows._rows(hits, settled_us), hit_rows._USUAL)
        in_text = _rows()
        transaction.set_rollback(True)
    with transaction.atomic():
        append_binary("records_event", binary_rows.COLUMNS, binary_rows.of_hits(hits, settled_us))
        in_binary = _rows()
        transaction.set_rollback(True)
    assert len(in_binary) == len(seen)
    assert in_binary == in_text


@pytest.mark.parametrize(
    "wrong", [{"network": "a\0b"}, {"network": "n" * 65}, {"link_number": 1 << 31}, {"link_number": 1 << 70}]
)
def test_what_no_column_can_hold_is_said_of_the_record(wrong: dict[str, Any]) -> None:
    hit = msgspec.structs.replace(Hit(0, HitKind.PIXEL, 0, 0), **wrong)
    judged: list[Judged] = [(_stored(1, hit, 0, None), JUDGED)]
    with pytest.raises(DataError), transaction.atomic():
        hit_rows.insert_hits(judged, 0)
    assert _rows() == []


def _stored(number: int, hit: Hit, message: int, index: int | None) -> StoredHit:
    found = stored_hit("edge-1", number, message, index, hit, HEADERS)
    found.pk = number + 1
    return found


def _rows() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM records_event ORDER BY id")
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
