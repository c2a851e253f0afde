"""Tracking ids: each once, those of one time beside each other, in the order of time."""

import secrets

from hypothesis import given
from hypothesis import strategies as st

from backstamp.tokens import TrackingIds

HOUR = 3600
TIMES = st.floats(min_value=0, max_value=2**31, allow_nan=False)


def test_the_upper_twenty_bits_are_the_hour_and_the_others_count_from_what_was_drawn() -> None:
    ids = TrackingIds(lambda bits: {44: 0x123456789AB}[bits])

    assert [ids.at(7 * HOUR), ids.at(8 * HOUR - 0.001)] == [0x00007_123456789AB, 0x00007_123456789AC]


def test_each_hour_begins_at_a_place_of_its_own() -> None:
    drawn = iter((5, 900))
    ids = TrackingIds(lambda bits: next(drawn))

    assert [ids.at(0), ids.at(1), ids.at(HOUR), ids.at(HOUR)] == [5, 6, 1 << 44 | 900, 1 << 44 | 901]


def test_a_count_that_reaches_its_end_goes_on_in_the_same_hour() -> None:
    ids = TrackingIds(lambda bits: (1 << bits) - 1)

    assert [ids.at(3 * HOUR), ids.at(3 * HOUR)] == [(4 << 44) - 1, 3 << 44]


def test_a_number_of_any_time_fits_into_64_bits() -> None:
    ids = TrackingIds(lambda bits: (1 << bits) - 1)

    assert ids.at(2.0**62) < 1 << 64


@given(TIMES, TIMES)
def test_of_two_hours_the_later_always_has_the_greater_number(one: float, other: float) -> None:
    earlier, later = sorted((one, other))
    first, second = TrackingIds(secrets.randbits).at(earlier), TrackingIds(secrets.randbits).at(later)

    assert first // (1 << 44) == int(earlier) // HOUR
    assert (first < second) or int(earlier) // HOUR == int(later) // HOUR


@given(st.lists(TIMES, max_size=30))
def test_one_process_never_gives_the_same_number_twice_in_a_row_of_growing_times(times: list[float]) -> None:
    ids = TrackingIds(secrets.randbits)
    given_out = [ids.at(each) for each in sorted(times)]

    assert len(set(given_out)) == len(given_out)


def test_two_processes_of_one_hour_count_from_different_places() -> None:
    one, other = TrackingIds(secrets.randbits), TrackingIds(secrets.randbits)

    assert not {one.at(0) for _ in range(1000)} & {other.at(0) for _ in range(1000)}
