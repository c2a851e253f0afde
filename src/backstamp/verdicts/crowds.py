"""Crowds: for how many recipients one source acted at about the same time."""

from collections.abc import Sequence
from typing import Any, Final

from backstamp.verdicts.single_hits import is_fetch
from backstamp.vocabulary import Hit, HitKind

_HALF_US: Final = 500_000
_MINUTE_US: Final = 60_000_000
MOST_RECIPIENTS: Final = 20
"""So many recipients are counted. Of a source that fetches for thousands the number would differ from hit to
hit, and with each hit that arrives: each verdict would have words of its own, and change them again."""
_REDIRECT: Final = HitKind.REDIRECT
_PIXEL: Final = HitKind.PIXEL


class _Recipients:
    """Recipients of hits: by key for images, by message and index for links.

    The two ways of naming a recipient cannot be matched here, so the larger count stands.
    """

    __slots__ = ("_indexes", "_keys")

    def __init__(self, first: Hit) -> None:
        self._keys: set[bytes] = set()
        self._indexes: set[tuple[int, int | None]] = set()
        self.add(first)

    def add(self, hit: Hit) -> bool:
        """Note the recipient of a hit, and return whether there are as many as are counted."""
        if hit.kind is _PIXEL:
            self._keys.add(hit.recipient_key)
            return len(self._keys) >= MOST_RECIPIENTS
        self._indexes.add((hit.tracking_id, hit.recipient_index))
        return len(self._indexes) >= MOST_RECIPIENTS

    def number(self) -> int:
        """Return how many there are, `MOST_RECIPIENTS` at most."""
        return min(max(len(self._keys), len(self._indexes)), MOST_RECIPIENTS)


def tell_crowd(told: dict[str, Any], hit: Hit, siblings: Sequence[Hit], elsewhere: Sequence[Hit]) -> None:
    """Tell for how many recipients the source of a hit acted."""
    is_click, source, at_us, tracking_id = hit.kind is _REDIRECT, hit.source, hit.at_us, hit.tracking_id
    kind, key, index = hit.kind, hit.recipient_key, hit.recipient_index
    if not elsewhere and _are_of_its_recipient(hit, siblings):
        return
    crowd, wave = _Recipients(hit), _Recipients(hit)
    crowd_is_full, wave_is_full = False, not is_click
    for other in (*siblings, *elsewhere) if elsewhere else siblings:
        if other.source != source or not -_MINUTE_US <= (delta := other.at_us - at_us) <= _MINUTE_US:
            continue
        if (
            other.kind is kind
            and other.recipient_key == key
            and other.recipient_index == index
            and other.tracking_id == tracking_id
        ):
            continue
        if not crowd_is_full:
            crowd_is_full = crowd.add(other)
        if (
            not wave_is_full
            and -_HALF_US <= delta <= _HALF_US
            and other.tracking_id == tracking_id
            and other.kind is _REDIRECT
            and is_fetch(other)
        ):
            wave_is_full = wave.add(other)
        if crowd_is_full and wave_is_full:
            break
    if (number := crowd.number()) > 1:
        told["recipients_same_source_60s"] = number
    if (number := wave.number()) > 1:
        told["recipients_same_second"] = number


def _are_of_its_recipient(hit: Hit, siblings: Sequence[Hit]) -> bool:
    """Whether other hits name one recipient, that of a hit where they name it in the same way."""
    index, tracking_id = hit.recipient_index, hit.tracking_id
    key = hit.recipient_key if hit.kind is _PIXEL else None
    is_named = key is None
    for other in siblings:
        if other.kind is _PIXEL:
            if key is None:
                key = other.recipient_key
            elif other.recipient_key != key:
                return False
        elif not is_named:
            is_named, index, tracking_id = True, other.recipient_index, other.tracking_id
        elif other.recipient_index != index or other.tracking_id != tracking_id:
            return False
    return True
