"""well_known: the brands that are imitated most, from `data/brands.toml`."""

import datetime
from typing import Final

import msgspec

from backstamp.data_files import load


class Brand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A brand: its registrable domains, the words that are its alone, and whether it is at home abroad."""

    name: str
    domains: tuple[str, ...]
    words: tuple[str, ...] = ()
    national: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    date: datetime.date
    bait: frozenset[str]
    innocent: frozenset[str]
    brand: tuple[Brand, ...]


_FILE: Final = load("backstamp.threats.heuristics", "brands.toml", _File)
BRANDS: Final = _FILE.brand
BAIT: Final = _FILE.bait
"""Words that phishers put beside a name: `paypal-login.example`."""
INNOCENT: Final = _FILE.innocent
"""Labels that are near a brand's name by chance, and others' domains."""
