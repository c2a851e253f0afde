"""What the columns of several tables hold."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

LONGEST_ADDRESS: Final = 320
"""64 octets of local part, "@", 255 of domain (RFC 5321 §4.5.3.1)."""

LONGEST_MESSAGE_ID: Final = 640
"""More of a Message-ID is not kept, nor looked for: an entry of an index of PostgreSQL has at most 2,704
octets, of which a letter may take four."""

LONGEST_METHOD: Final = 100
"""More of a request's method is not kept."""

LONGEST_USER: Final = 150
"""Of who changed something; Django's user names are no longer either."""


def choices(words: Iterable[StrEnum]) -> list[tuple[str, str]]:
    """Return a closed set of words as a field's choices."""
    return [(word.value, word.value) for word in words]
