"""A list that is sorted by time is read a page at a time: no row is left out, and none comes twice."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.records.database.instants import LATEST_US
from backstamp.records.models import Message, UnmatchedReport
from backstamp.records.queries.keyset import Cursor, NewestFirst
from tests.console.seed import NOON, message

NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)


@given(st.integers(0, LATEST_US), NUMBERS)
def test_a_cursor_is_read_as_it_was_written(at_us: int, number: int) -> None:
    assert Cursor.read(str(Cursor(at_us, number))) == Cursor(at_us, number)


@given(st.text(alphabet="0123456789.- ٣²x", max_size=45))
def test_any_other_text_is_refused_or_written_again_as_the_same_place(text: str) -> None:
    try:
        found = Cursor.read(text)
    except ValueError:
        return
    assert Cursor.read(str(found)) == found
    assert 0 <= found.at_us <= LATEST_US
    assert found.number.bit_length() <= 63


@pytest.mark.parametrize("highest_first", [True, False])
@pytest.mark.parametrize("size", [1, 3, 7])
def test_pages_follow_each_other_where_moments_are_shared_and_numbers_are_below_zero(
    highest_first: bool, size: int
) -> None:
    for number in range(10):
        message(number, queued_at=NOON + timedelta(microseconds=number // 4))
    order = NewestFirst("queued_at", "tracking_id", highest_first=highest_first)
    every = list(order.rows(Message.objects.all()))
    assert [row.queued_at for row in every] == sorted((row.queued_at for row in every), reverse=True)
    found, before = list[Message](), ""
    for _ in range(-(-10 // size)):
        shown, before = order.page(list(order.rows(Message.objects.all(), before)[: size + 1]), size)
        found += shown
    assert (found, before) == (every, "")


def test_what_is_added_meanwhile_moves_no_row_to_another_page() -> None:
    def report(minute: int) -> UnmatchedReport:
        return UnmatchedReport.objects.create(received_at=NOON + timedelta(minutes=minute), findings="{}")

    made = [report(minute) for minute in range(4)]
    order = NewestFirst("received_at")
    first, before = order.page(list(order.rows(UnmatchedReport.objects.all())), 2)
    report(9)
    assert [*first, *order.rows(UnmatchedReport.objects.all(), before)] == made[::-1]
