"""Copies for many recipients, some of whose batches fail."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.gateway.batches import MOST_HALVINGS, in_batches
from backstamp.gateway.rewriter.pool import BusyError, TooCostlyError
from backstamp.mail.patches import Patched
from backstamp.policy import OnUnprotected
from tests.gateway.running import HTML
from tests.gateway.test_protection import guarded, start, tokens

__all__ = ["start"]
RCPTS = [f"r{number}@guarded.example" for number in range(6)]


@given(st.integers(0, 250), st.integers(1, 100), st.integers(0, 120), st.sets(st.integers(1, 20)))
def test_everybody_comes_once_and_with_a_copy_wherever_a_smaller_batch_can_be_made(
    count: int, step: int, most: int, busy: set[int]
) -> None:
    asked: list[Sequence[int]] = []

    async def make(places: Sequence[int]) -> list[Patched]:
        asked.append(places)
        if len(asked) in busy:
            raise BusyError
        if len(places) > most:
            raise TooCostlyError
        return [Patched(b"%d" % place) for place in places]

    async def main() -> list[tuple[int, bytes | None]]:
        found = list[tuple[int, bytes | None]]()
        async for places, made in in_batches(range(count), step, make, trace_id="t"):
            assert len(made) in (0, len(places))
            copies: list[bytes | None] = [each.whole() for each in made]
            found += zip(places, copies or [None] * len(places), strict=True)
        return found

    found = asyncio.run(main())
    assert [place for place, _ in found] == list(range(count))
    assert all(copy in (None, b"%d" % place) for place, copy in found)
    if max(1, step >> MOST_HALVINGS) <= most and not busy:
        assert None not in [copy for _, copy in found]
    assert len({(places[0], len(places)) for places in asked}) == len(asked), "nothing is tried twice"
    failed = sum(len(places) > most for places in asked)
    assert failed <= MOST_HALVINGS + sum(copy is None for _, copy in found)


async def test_what_costs_too_much_for_all_is_guarded_for_half_of_them_at_a_time(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    filter_, batches = await failing(start, monkeypatch, TooCostlyError, OnUnprotected.MARK)
    assert (await filter_.send(HTML, *RCPTS))[0].startswith("250 ")
    assert batches == [1, 5, 2, 2, 1]
    assert [len(tokens(data)) for _, data in filter_.received] == [1] * 6


@pytest.mark.parametrize("policy", list(OnUnprotected))
async def test_a_copy_that_cannot_be_guarded_when_others_have_gone_goes_by_the_policy(
    start: Any, monkeypatch: pytest.MonkeyPatch, policy: OnUnprotected
) -> None:
    filter_, _ = await failing(start, monkeypatch, BusyError, policy)
    answer = (await filter_.send(HTML, *RCPTS))[0]
    guarded_ = [len(tokens(data)) for _, data in filter_.received]
    if policy is OnUnprotected.MARK:
        assert answer.startswith("250 ")
        assert guarded_ == [1, 0]
        assert b"\r\nSubject: [links not checked] offer\r\n" in filter_.received[1][1]
        return
    assert answer.startswith("451 4.7.1 ")
    assert guarded_ == [1]
    monkeypatch.undo()
    assert (await filter_.send(HTML, *RCPTS))[0].startswith("250 ")
    assert [to for to, _ in filter_.received] == [(each,) for each in RCPTS], "nobody got it twice"
    assert [len(tokens(data)) for _, data in filter_.received] == [1] * 6


async def failing(
    start: Any, monkeypatch: pytest.MonkeyPatch, error: type[Exception], policy: OnUnprotected
) -> tuple[Any, list[int]]:
    """A filter that makes the first copy, and then none for more than two at once."""
    first = {len(HTML): 1}
    for module in ("batches", "protection.work"):
        monkeypatch.setattr(f"backstamp.gateway.{module}.at_once", lambda octets: first.get(octets, 5))
    filter_ = await start(guarded(on_unprotected=policy))
    protector = filter_.running.gateway._about.transactions.protector
    protect, batches = protector.rewriter.protect, list[int]()

    async def limited(request: Any, raw: bytes, party: Any) -> Any:
        batches.append(len(request.seals))
        if len(request.seals) > 2:
            raise error
        return await protect(request, raw, party)

    monkeypatch.setattr(protector.rewriter, "protect", limited)
    return filter_, batches
