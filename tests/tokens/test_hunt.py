"""Millions of tokens that somebody tampered with: none may open."""

import random
import time

import pytest

from backstamp.tokens import Keyring, LinkToken, PixelToken, open_token
from tests.tokens.mutants import OURS, mutants, of_other_keys, of_other_purposes, originals

TRIALS = 10_000_000
SOME = 20_000


def hunt(seed: int, trials: int) -> list[str]:
    """Return the tokens that open although nobody sealed them."""
    dice = random.Random(seed)
    tokens = originals(dice)
    foreign = [*of_other_keys(dice), *of_other_purposes(dice)]
    opened = [token for token in foreign if open_token(OURS, token) is not None]
    opened += [
        token for token in mutants(dice, [*tokens, *foreign], trials) if token not in tokens and _opens(token)
    ]
    return opened


def _opens(token: str) -> bool:
    return open_token(OURS, token) is not None


def test_the_unharmed_ones_open() -> None:
    kinds = {type(open_token(OURS, token)) for token in originals(random.Random(1))}
    assert kinds == {PixelToken, LinkToken}


def test_of_some_thousand_mutated_tokens_none_opens() -> None:
    assert hunt(1, SOME) == []


@pytest.mark.soak
def test_of_ten_million_mutated_tokens_none_opens() -> None:
    seed = int(time.time())
    assert hunt(seed, TRIALS) == [], f"seed {seed}"
    print(f"\n{TRIALS:,} mutated tokens, seed {seed}: opened 0")


def test_a_key_that_left_the_ring_opens_nothing_any_more() -> None:
    alone = Keyring((OURS.keys[1],), OURS.keys[1].id, bytes(32))
    by_key = {token: open_token(OURS, token) for token in originals(random.Random(2))}
    for token, opened in by_key.items():
        assert opened is not None
        assert (open_token(alone, token) is not None) == (opened.key_id == OURS.keys[1].id)
