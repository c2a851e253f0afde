"""Counting in memory that does not grow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.edge import FloodLimits
from backstamp.edge.deciding import floods
from backstamp.edge.deciding.floods import Floods
from backstamp.tokens import PixelToken


def token(number: int) -> PixelToken:
    return PixelToken(1, 1, number, b"recipien")


@given(st.lists(st.integers(0, 20)), st.integers(1, 5))
def test_each_token_is_counted_for_itself(numbers: list[int], most: int) -> None:
    counts = Floods(FloodLimits(most, most))
    for asked, number in enumerate(numbers, 1):
        too_many = numbers[:asked].count(number) > most
        assert counts.asked(token(number)) == counts.is_asked_too_often(token(number)) == too_many


def test_with_too_many_keys_those_that_came_most_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floods, "MOST", 100)
    monkeypatch.setattr(floods, "_KEPT", 10)
    counts = Floods(FloodLimits(50, 50))
    for _ in range(51):
        counts.asked(token(-1))
    for number in range(10_000):
        counts.asked(token(number))
        counts.asked(token(number // 2))
        assert len(counts._counts) <= 100
    assert counts.is_asked_too_often(token(-1))


def test_what_was_weighs_half_and_is_forgotten() -> None:
    counts = Floods(FloodLimits(0, 0))
    for number in (1, 1, 1, 1, 1, 2):
        counts.asked(token(number))
    seen = []
    for _ in range(4):
        seen.append(tuple(sorted(counts._counts.values())))
        counts.fade()
    assert seen == [(1, 5), (2,), (1,), ()]
