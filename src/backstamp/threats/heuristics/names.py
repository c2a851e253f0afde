"""names: the names that may be imitated, in the forms by which an imitation is found.

One index for the well-known brands, made once, and one for each organisation's own domains.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

import msgspec

from backstamp.threats.confusables import bare_skeleton, unicode_labels
from backstamp.threats.findings import ThreatReason
from backstamp.threats.heuristics.well_known import BAIT, BRANDS
from backstamp.urls.domains import registrable_domain

_LOOKS: Final = str.maketrans("01i34578|", "olleastbl")
"""Digits for letters, and i, l, 1 as one."""
_SEQUENCES: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))
"""Letters that side by side look like one."""
MIN_FOLDED: Final = 6
"""Shorter names are too near to others': `tmail.example` need not mean tmall.com. Words may have one less."""
MIN_LONG: Final = 6
"""The shortest word of which a slip of the finger is told, and that is looked for inside longer ones."""
_START: Final = 2
_END: Final = 3
_MIN_WORD: Final = 4


class Names(msgspec.Struct, frozen=True):
    """What may be imitated. Values are the domain that is meant.

    `are_own` tells an organisation's own names from those of well-known brands. `domains` are genuine.
    `folded` are their labels as they look, `words` the names that speak inside other names, `national` those
    of them that are genuine under any country's suffix. `starting` and `ending` are the words of at least six
    letters by their first two and last three: one slip leaves one of both whole. `beside_bait` are names that
    are told beside bait alone.
    """

    are_own: bool
    domains: frozenset[str]
    folded: dict[str, str]
    words: dict[str, str]
    folded_words: dict[str, str]
    national: frozenset[str]
    starting: dict[str, tuple[str, ...]]
    ending: dict[str, tuple[str, ...]]
    beside_bait: dict[str, str]

    @property
    def looks_like(self) -> ThreatReason:
        """Why a host is told that looks the same as one of the names."""
        return ThreatReason.LOOKS_LIKE_OWN if self.are_own else ThreatReason.LOOKS_LIKE_KNOWN

    @property
    def resembles(self) -> ThreatReason:
        """Why one is told that is near one of them."""
        return ThreatReason.RESEMBLES_OWN if self.are_own else ThreatReason.RESEMBLES_KNOWN


@lru_cache(maxsize=4096)
def folded(label: str) -> str:
    """Return a label as a hasty reader sees it: `paypal` for `paypa1`, `microsoft` for `rnicrosoft`."""
    if not label.isascii():
        label = bare_skeleton(label)
    label = label.translate(_LOOKS)
    for sequence, letter in _SEQUENCES:
        if sequence in label:
            label = label.replace(sequence, letter)
    return label


@cache
def well_known_names() -> Names:
    """Return the index of `data/brands.toml`: 3 ms, once."""
    words = {word: brand.domains[0] for brand in BRANDS for word in brand.words}
    domains = [domain for brand in BRANDS for domain in brand.domains]
    labels = {_first_label(domain): domain for domain in reversed(domains)}
    national = {word for brand in BRANDS if brand.national for word in brand.words}
    beside_bait = {name: brand.domains[0] for brand in BRANDS for name in brand.beside_bait}
    return _index(domains, labels, words, national, beside_bait, are_own=False)


@lru_cache(maxsize=1024)
def names_of(own_domains: tuple[str, ...]) -> Names:
    """Return the index of an organisation's domains."""
    domains = [domain for own in own_domains if (domain := registrable_domain(own)) is not None]
    labels = {_first_label(domain): domain for domain in domains}
    words = {
        label: domain for label, domain in labels.items() if len(label) >= _MIN_WORD and label not in BAIT
    }
    return _index(domains, labels, words, (), {}, are_own=True)


def _index(
    domains: Iterable[str],
    labels: dict[str, str],
    words: dict[str, str],
    national: Iterable[str],
    beside_bait: dict[str, str],
    *,
    are_own: bool,
) -> Names:
    long = [word for word in words if len(word) >= MIN_LONG]
    return Names(
        are_own=are_own,
        domains=frozenset(domains),
        folded=_folded({**labels, **words}),
        words=words,
        folded_words=_folded(words),
        national=frozenset(national),
        starting=_by(long, slice(_START)),
        ending=_by(long, slice(-_END, None)),
        beside_bait=beside_bait,
    )


def _folded(labels: dict[str, str]) -> dict[str, str]:
    return {folded(label): domain for label, domain in labels.items()}


def likely(token: str, names: Names) -> tuple[str, ...]:
    """Return the long words that `token` may begin or end with, or be but for one slip."""
    return names.starting.get(token[:_START], ()) + names.ending.get(token[-_END:], ())


def _by(words: Iterable[str], part: slice) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        found[word[part]] = (*found.get(word[part], ()), word)
    return found


def _first_label(domain: str) -> str:
    return unicode_labels(domain)[0]
