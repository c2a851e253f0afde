"""Counting in memory that does not grow."""

import sys
from collections import Counter
from itertools import count
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.edge import FloodLimits
from backstamp.edge.deciding import floods
from backstamp.edge.deciding.floods import Floods
from backstamp.tokens import LinkToken


def token(number: int) -> LinkToken:
    return LinkToken(1, 1, number, 2, 3, "https://plain.example/")


@given(st.lists(st.integers(0, 20)), st.integers(1, 5))
def test_each_token_is_counted_for_itself(numbers: list[int], most: int) -> None:
    counts = Floods(FloodLimits(named=most))
    for asked, number in enumerate(numbers, 1):
        too_many = numbers[:asked].count(number) > most
        assert counts.asked(token(number)) == counts.is_asked_too_often(token(number)) == too_many


def test_with_too_many_keys_those_that_came_most_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floods, "MOST", 100)
    monkeypatch.setattr(floods, "_KEPT", 10)
    counts = Floods(FloodLimits(named=50))
    for _ in range(51):
        counts.asked(token(-1))
    for number in range(10_000):
        counts.asked(token(number))
        counts.asked(token(number // 2))
        assert len(counts._counts) <= 100
    assert counts.is_asked_too_often(token(-1))


@given(st.integers(0, 40), st.integers(1, 9))
def test_a_flood_is_forgotten_after_two_fadings_however_large_it_was(more: int, most: int) -> None:
    counts = Floods(FloodLimits(named=most))
    for _ in range(2 * most + more):
        counts.asked(token(1))
    counts.fade()
    assert counts.asked(token(1)), "who goes on is still one too many"
    counts.fade()
    assert not counts.is_asked_too_often(token(1))


@given(st.lists(st.sampled_from([b"\xc0\0\2", b"\xc0\0\3", b" \1\r\xb8\0\0"])), st.integers(1, 5))
def test_each_network_fills_up_a_token_for_itself(networks: list[bytes], most: int) -> None:
    counts = Floods(FloodLimits(written=most))
    written = Counter(network for network in networks if not counts.fills_up(token(1), network))
    assert written == {network: min(most, times) for network, times in Counter(networks).items()}


def test_what_was_weighs_half_and_is_forgotten() -> None:
    counts = Floods(FloodLimits())
    for number in (1, 1, 1, 1, 1, 2):
        counts.asked(token(number))
    seen = []
    for _ in range(4):
        seen.append(tuple(sorted(counts._counts.values())))
        counts.fade()
    assert seen == [(1, 5), (2,), (1,), ()]


def test_what_is_counted_in_one_thread_may_fade_in_another() -> None:
    counts, ended = Floods(FloodLimits()), Event()
    counts._counts = dict.fromkeys(range(20_000), 1 << 40)

    def ask() -> None:
        for number in count():
            if ended.is_set():
                break
            counts.exceeds(1, number)

    asking = Thread(target=ask)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        asking.start()
        for _ in range(20):
            counts.fade()
    finally:
        ended.set()
        asking.join()
        sys.setswitchinterval(before)
