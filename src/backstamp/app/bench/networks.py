"""`backstamp bench networks`: one look-up of an address among 20,000 prefixes, IPv4 and IPv6."""

import ipaddress
import random
import statistics
import time
from collections.abc import Sequence
from typing import Final, TextIO

from backstamp.verdicts import NetworkTable

PREFIXES: Final = 20_000
LOOK_UPS: Final = 20_000
BOUND_US: Final = 1.5


def run(out: TextIO, quick: bool) -> None:
    """Print the medians; half of the prefixes are of either version, with lengths as in Apple's list."""
    chance = random.Random(1)  # noqa: S311 (made-up addresses)
    table = NetworkTable(_prefixes(chance))
    rounds = 3 if quick else 15
    print(f"look-up of an address among {PREFIXES:,} prefixes (bound {BOUND_US} us):", file=out)
    for name, addresses in _addresses(chance).items():
        taken = statistics.median(_microseconds(table, addresses) for _ in range(rounds))
        print(f"{name:>14} {taken:6.2f} us", file=out)


def _prefixes(chance: random.Random) -> list[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    while len(found) < PREFIXES // 2:
        length = chance.choice((16, 20, 24, 27, 31))
        found.add((str(ipaddress.ip_network((chance.getrandbits(32), length), strict=False)), "a"))
    while len(found) < PREFIXES:
        length = chance.choice((32, 45, 48, 64))
        number = (0x2A02 << 112) | chance.getrandbits(108)
        found.add((str(ipaddress.ip_network((number, length), strict=False)), "b"))
    return sorted(found)


def _addresses(chance: random.Random) -> dict[str, Sequence[str | bytes]]:
    four = [ipaddress.IPv4Address(chance.getrandbits(32)) for _ in range(LOOK_UPS)]
    six = [ipaddress.IPv6Address((0x2A02 << 112) | chance.getrandbits(108)) for _ in range(LOOK_UPS)]
    return {
        "IPv4, octets": [address.packed for address in four],
        "IPv6, octets": [address.packed for address in six],
        "IPv4, text": [str(address) for address in four],
        "IPv6, text": [str(address) for address in six],
    }


def _microseconds(table: NetworkTable, addresses: Sequence[str | bytes]) -> float:
    classify = table.classify
    began = time.perf_counter()
    for address in addresses:
        classify(address)
    return (time.perf_counter() - began) / len(addresses) * 1e6
