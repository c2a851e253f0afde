"""Counting in memory that does not grow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.edge.deciding import tally
from backstamp.edge.deciding.tally import Tally


@given(st.lists(st.integers(0, 20)))
def test_each_key_is_counted(keys: list[int]) -> None:
    counts = Tally()
    for number, key in enumerate(keys, 1):
        assert counts.add(key) == keys[:number].count(key) == counts.of(key)


def test_with_too_many_keys_those_that_came_most_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "MOST", 100)
    monkeypatch.setattr(tally, "_KEPT", 10)
    counts = Tally()
    for _ in range(50):
        counts.add(-1)
    for key in range(10_000):
        counts.add(key)
        assert len(counts._counts) <= 100
    assert counts.of(-1) == 50


def test_what_was_weighs_half_and_is_forgotten() -> None:
    counts = Tally()
    for _ in range(5):
        counts.add(1)
    counts.add(2)
    seen = []
    for _ in range(4):
        seen.append((counts.of(1), counts.of(2)))
        counts.fade()
    assert seen == [(5, 1), (2, 0), (1, 0), (0, 0)]
