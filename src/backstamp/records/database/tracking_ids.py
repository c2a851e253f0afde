"""Tracking ids: unsigned in tokens, signed in the database, hexadecimal on screen."""

from datetime import datetime
from typing import Final

from django.db.models import Q

from backstamp.tokens.tracking_ids import first_at

_SIGN: Final = 1 << 63
_WRAP: Final = 1 << 64


def to_database(tracking_id: int) -> int:
    """Return the signed form of an unsigned 64-bit tracking id (two's complement)."""
    return tracking_id - _WRAP if tracking_id >= _SIGN else tracking_id


def from_database(stored: int) -> int:
    """Return the unsigned form of a stored tracking id."""
    return stored + _WRAP if stored < 0 else stored


def to_text(stored: int) -> str:
    """Return the 16 hexadecimal digits under which people see a stored tracking id."""
    return f"{from_database(stored):016x}"


def from_text(text: str) -> int:
    """Return the stored form of what `to_text` gave. Raises `ValueError`."""
    if len(text) != 16:
        raise ValueError("a tracking id has 16 hexadecimal digits")
    return to_database(int(text, 16))


def numbered_before(limit: datetime) -> Q:
    """Return the condition that the number `message_id` is of an hour before that of `limit`.

    As stored, the numbers of October 2029 and later are below zero. Before 1970 there is no hour.
    """
    first = to_database(first_at(max(0.0, limit.timestamp())))
    below = Q(message_id__lt=first)
    return below & Q(message_id__gte=0) if first >= 0 else below | Q(message_id__gte=0)
