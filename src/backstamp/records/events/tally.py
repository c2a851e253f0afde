"""How often a message's image and links were fetched, by whom: the JSON object in its roll-up.

A key is made of the event's type, its actor, "1" where it counts and "0" where not, and for a click the
number of the link: `opened/human/1`, `clicked/scanner/0/3`.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from backstamp.vocabulary import Actor, EventType

decode: Final = msgspec.json.Decoder(dict[str, int]).decode
_encode: Final = msgspec.json.Encoder(order="sorted").encode


class Fetches(NamedTuple):
    """Fetches that are counted together."""

    type: EventType
    actor: Actor
    counts: bool
    link_number: int | None
    number: int


@lru_cache(maxsize=4096)
def keys(type_: str, actor: str, counts: bool, link_number: int | None) -> tuple[str, str]:
    """Return the key under which a fetch is counted, and that without the number of the link."""
    return key(type_, actor, counts, link_number), key(type_, actor, counts, None)


def key(type_: str, actor: str, counts: object, link_number: int | None) -> str:
    """Return the key under which a fetch is counted."""
    counted = "1" if counts else "0"
    if link_number is None:
        return f"{type_}/{actor}/{counted}"
    return f"{type_}/{actor}/{counted}/{link_number}"


def encode(tally: Mapping[str, int]) -> str:
    """Return a tally as it is stored, without what there is none of."""
    return _encode({name: number for name, number in tally.items() if number}).decode()


def read(tally: str) -> Iterator[Fetches]:
    """Return what a stored tally says."""
    for name, number in decode(tally).items():
        type_, actor, counts, *link = name.split("/")
        yield Fetches(EventType(type_), Actor(actor), counts == "1", int(link[0]) if link else None, number)
