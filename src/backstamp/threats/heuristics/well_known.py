"""well_known: the brands that are imitated most, from `data/brands.toml`."""

import datetime
from typing import Final

import msgspec

from backstamp.data_files import load


class Brand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A brand: its registrable domains, the words that are its alone, and whether it is at home abroad.

    `beside_bait` are names that are short or words: only what stands beside them tells who is meant.
    """

    name: str
    domains: tuple[str, ...]
    words: tuple[str, ...] = ()
    beside_bait: tuple[str, ...] = ()
    national: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    date: datetime.date
    bait: frozenset[str]
    generic: frozenset[str]
    innocent: frozenset[str]
    innocent_stems: tuple[str, ...]
    brand: tuple[Brand, ...]


_FILE: Final = load("backstamp.threats.heuristics", "brands.toml", _File)
BRANDS: Final = _FILE.brand
BAIT: Final = _FILE.bait
"""Words that phishers put beside a name: `paypal-login.example`."""
GENERIC: Final = _FILE.generic
"""Countries' domains that anybody registers."""
OWNERS: Final = {domain: brand.name for brand in BRANDS for domain in brand.domains}
"""Whose a well-known domain is."""


def is_innocent(word: str) -> bool:
    """Whether a word is near a brand's name by chance: `applied`, `revolutionary`."""
    return word in _FILE.innocent or word.startswith(_FILE.innocent_stems)


def same_owner(domain: str | None, other: str | None) -> bool:
    """Whether two registrable domains are one brand's: `facebook.com` and `fb.me`."""
    return domain in OWNERS and OWNERS.get(domain) == OWNERS.get(other or "")
