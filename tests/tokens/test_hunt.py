"""Millions of tokens that somebody tampered with: none may open."""

import random
import time

import pytest

from backstamp.tokens import Keyring, open_token, seal_link, seal_pixel

TRIALS = 2_000_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.mark.soak
def test_of_two_million_mutated_tokens_none_opens() -> None:
    seed = int(time.time())
    dice = random.Random(seed)
    ours = Keyring.create(bytes(range(32)), bytes(32), created_at=1).rotated(
        bytes(range(1, 33)), created_at=2
    )
    theirs = Keyring.create(bytes(range(2, 34)), bytes(32), created_at=1)
    tokens = [
        *(seal_pixel(ours, domain_id=n, tracking_id=dice.getrandbits(64)) for n in range(50)),
        *(_link(ours, dice, n) for n in range(50)),
    ]
    strange = [
        *(seal_pixel(theirs, domain_id=n, tracking_id=n) for n in range(50)),
        *(_link(theirs, dice, n) for n in range(50)),
    ]
    opened = [token for token in strange if open_token(ours, token) is not None]
    for _ in range(TRIALS):
        token = _mutated(dice, dice.choice(tokens), dice.choice(tokens))
        if token not in tokens and open_token(ours, token) is not None:
            opened.append(token)
    assert opened == [], f"seed {seed}"
    print(f"\n{TRIALS} mutated tokens, seed {seed}: opened 0")


def _link(ring: Keyring, dice: random.Random, number: int) -> str:
    url = "https://www.example.com/" + "".join(dice.choices(ALPHABET, k=dice.randrange(80)))
    return seal_link(ring, domain_id=1, tracking_id=number, recipient_index=0, link_number=number, url=url)


def _mutated(dice: random.Random, token: str, other: str) -> str:
    match dice.randrange(5):
        case 0:
            at = dice.randrange(len(token))
            return token[:at] + dice.choice(ALPHABET) + token[at + 1 :]
        case 1:
            return token[: dice.randrange(len(token))]
        case 2:
            return token + "".join(dice.choices(ALPHABET, k=dice.randint(1, 8)))
        case 3:
            return token[: dice.randrange(len(token))] + other[dice.randrange(len(other)) :]
        case _:
            characters = list(token)
            first, second = dice.randrange(len(token)), dice.randrange(len(token))
            characters[first], characters[second] = characters[second], characters[first]
            return "".join(characters)
