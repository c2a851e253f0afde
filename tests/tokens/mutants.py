"""Tokens of ours, and what an attacker can make of them without the keys."""

import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence

from backstamp.tokens import ANONYMOUS, Keyring, Purpose, seal_link, seal_pixel
from backstamp.tokens.sealing import _LINK_FORMAT, _PIXEL_FORMAT, _sealing

OLD = Keyring.create(bytes(range(32)), bytes(32), created_at=1)
OURS = OLD.rotated(bytes(range(1, 33)), created_at=2)
THEIRS = Keyring.create(bytes(range(2, 34)), bytes(32), created_at=1)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def originals(dice: random.Random) -> set[str]:
    """Pixels, links and links of protected mail, under the old and the new key."""
    return {token for ring in (OLD, OURS) for token in _sealed(ring, dice, 25)}


def of_other_keys(dice: random.Random) -> set[str]:
    """The same kinds, sealed by somebody else's installation whose key has one of our key ids."""
    return _sealed(THEIRS, dice, 25)


def of_other_purposes(dice: random.Random, ring: Keyring = OURS) -> set[str]:
    """A pixel's facts sealed as a link and the other way round: what a confusion of keys would open."""
    pixel = _PIXEL_FORMAT.pack(1, 1, dice.getrandbits(64), ANONYMOUS)
    link = _LINK_FORMAT.pack(2, 1, dice.getrandbits(64), 0, 1) + b"http://evil.example/"
    exact = _LINK_FORMAT.pack(2, 1, dice.getrandbits(64), 0, 1) + b"http"  # as long as a pixel's token
    return {
        _sealing(ring, Purpose.LINK)([pixel])[0],
        _sealing(ring, Purpose.PIXEL)([link])[0],
        _sealing(ring, Purpose.PIXEL)([exact])[0],
    }


def mutants(dice: random.Random, tokens: Sequence[str], count: int) -> Iterator[str]:
    """Yield `count` tokens made of two each; some are as they were."""
    for _ in range(count):
        yield mutant(dice, dice.choice(tokens), dice.choice(tokens))


def mutant(dice: random.Random, token: str, other: str) -> str:
    """Return a token with a bit turned, a character changed, cut, lengthened, spliced or shuffled."""
    match dice.randrange(7):
        case 0:
            at = dice.randrange(len(token))
            return token[:at] + dice.choice(ALPHABET) + token[at + 1 :]
        case 1:
            return token[: dice.randrange(len(token))]
        case 2:
            return token + "".join(dice.choices(ALPHABET, k=dice.randint(1, 8)))
        case 3:
            return token[: dice.randrange(len(token))] + other[dice.randrange(len(other)) :]
        case 4:
            characters = list(token)
            first, second = dice.randrange(len(token)), dice.randrange(len(token))
            characters[first], characters[second] = characters[second], characters[first]
            return "".join(characters)
        case 5:
            raw = bytearray(_raw(token))
            raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
            return _text(bytes(raw))
        case _:  # one token's SIV before the other's sealed part
            mine, theirs = _raw(token), _raw(other)
            return _text(mine[:17] + theirs[17:])


def _sealed(ring: Keyring, dice: random.Random, each: int) -> set[str]:
    tokens = {seal_pixel(ring, domain_id=n, tracking_id=dice.getrandbits(64)) for n in range(each)}
    for number in range(2 * each):
        url = "https://www.example.com/" + "".join(dice.choices(ALPHABET, k=dice.randrange(120)))
        tokens.add(
            seal_link(
                ring,
                domain_id=1,
                tracking_id=dice.getrandbits(64),
                recipient_index=0,
                link_number=number,
                url=url,
                protected=number % 2 == 0,
            )
        )
    return tokens


def _raw(token: str) -> bytes:
    return urlsafe_b64decode(token + "=" * (-len(token) % 4))


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
