"""What can be said of one recipient."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.verdicts.opened import (
    FOLD_US,
    JudgedHit,
    OpenBasis,
    OpenState,
    RecipientSummary,
    client_signature,
    summary_of,
)
from backstamp.vocabulary import PEOPLE, Actor
from tests.verdicts.hits import pixel


def act(at_us: int, event: Any = "open", actor: Actor = Actor.HUMAN, **fields: Any) -> JudgedHit:
    return JudgedHit(at_us=at_us, event=event, actor=actor, **fields)


def test_nothing_seen_is_not_opened() -> None:
    assert summary_of([]) == RecipientSummary()
    assert summary_of([]).state is OpenState.NOT_OPENED


@pytest.mark.parametrize(
    ("hit", "basis"),
    [
        (act(5), OpenBasis.IMAGE),
        (act(5, actor=Actor.PROXIED_HUMAN), OpenBasis.PROXIED_IMAGE),
        (act(5, "click", link_number=1), OpenBasis.CLICK),
        (act(5, "displayed"), OpenBasis.READ_RECEIPT),
        (act(5, "replied"), OpenBasis.REPLY),
    ],
)
def test_each_sign_of_a_person_opens_and_is_labelled(hit: JudgedHit, basis: OpenBasis) -> None:
    found = summary_of([act(1, actor=Actor.PREFETCH), hit, act(9)])
    assert (found.state, found.basis, found.first_opened_at_us) == (OpenState.OPENED, basis, 5)


def test_a_machines_click_never_implies_an_opening() -> None:
    found = summary_of([act(1, "click", Actor.SCANNER), act(2, actor=Actor.PREFETCH)])
    assert (found.state, found.machine_clicks, found.machine_opens) == (OpenState.NOT_OPENED, 1, 1)


def test_apple_alone_cannot_be_measured_and_a_click_settles_it() -> None:
    apple = act(1, actor=Actor.PREFETCH, by_apple=True)
    assert summary_of([apple]).state is OpenState.CANNOT_BE_MEASURED
    found = summary_of([apple, act(9, "click")])
    assert (found.state, found.first_opened_at_us, found.first_clicked_at_us) == (OpenState.OPENED, 9, 9)


def test_an_unknown_hit_makes_an_opening_possible() -> None:
    found = summary_of([act(1, actor=Actor.UNKNOWN), act(2, "click", Actor.UNKNOWN)])
    assert (found.state, found.unknown_opens, found.unknown_clicks) == (OpenState.POSSIBLY_OPENED, 1, 1)


def test_what_does_not_count_changes_nothing() -> None:
    assert summary_of([act(1, "click", Actor.UNKNOWN, counts=False)]) == summary_of([])


def test_own_views_and_previews_stand_apart() -> None:
    found = summary_of([act(1, actor=Actor.SELF), act(2, "click", Actor.PREVIEW_BOT)])
    assert (found.state, found.own_views, found.previews) == (OpenState.NOT_OPENED, 1, 1)


def test_the_same_act_within_half_an_hour_is_one() -> None:
    same = [act(0), act(FOLD_US), act(FOLD_US + 1)]
    assert summary_of(same).opens == 2
    assert summary_of([act(0), act(FOLD_US)]).opens == 1
    assert summary_of([act(0), act(FOLD_US + 1), act(FOLD_US + 2)]).opens == 2
    assert summary_of([act(0), act(1, client=b"other")]).opens == 2
    clicked = summary_of([act(5, "click", link_number=1), act(6, "click", link_number=2)])
    assert (clicked.clicks, clicked.first_clicked_at_us) == (2, 5)


def test_a_client_is_known_again_from_another_address() -> None:
    assert client_signature(pixel(1, source=b"A")) == client_signature(pixel(2, source=b"B"))
    assert client_signature(pixel(1)) != client_signature(pixel(1, headers={"user_agent": "x"}))


_acts = st.builds(
    JudgedHit,
    at_us=st.integers(0, 3 * FOLD_US),
    event=st.sampled_from(["open", "click"]),
    actor=st.sampled_from(list(Actor)),
    counts=st.booleans(),
    link_number=st.none() | st.integers(0, 2),
    client=st.sampled_from([b"", b"a"]),
    by_apple=st.booleans(),
)


@given(st.lists(_acts, max_size=20).flatmap(lambda acts: st.tuples(st.just(acts), st.permutations(acts))))
def test_the_order_of_arrival_never_changes_the_result(
    orders: tuple[list[JudgedHit], list[JudgedHit]],
) -> None:
    one, other = orders
    assert summary_of(one) == summary_of(other)


@given(st.lists(_acts, max_size=20))
def test_opened_always_means_that_a_person_was_seen(acts: list[JudgedHit]) -> None:
    seen = any(hit.counts and hit.actor in PEOPLE for hit in acts)
    assert (summary_of(acts).state is OpenState.OPENED) == seen
