"""How records are spelled in a frame's payload: msgpack, a map for most, an array for a hit of the edge.

The edge writes its hits as arrays because that takes a third of the time; both spellings of a hit are
read, and mean the same.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from backstamp.vocabulary import ClickAction, Hit, HitKind, JournalRecord, ThreatType


class PackedHit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A `Hit` with the same fields, in the order in which they lie in the journal. Only append to them."""

    at_us: int
    kind: HitKind
    domain_id: int
    tracking_id: int
    method: str
    recipient_key: bytes
    recipient_index: int | None
    link_number: int | None
    headers: dict[str, str]
    network: str
    source: bytes
    address: str | None = None
    action: ClickAction | None = None
    threat: ThreatType | None = None
    threat_reason: str = ""
    threat_source: str = ""


class _Unread(PackedHit, frozen=True, array_like=True, gc=False):
    """A `PackedHit` whose header fields are not looked into yet."""

    headers: msgspec.Raw  # type: ignore[assignment]


_ARRAYS: Final = frozenset((*range(0x90, 0xA0), 0xDC))
"""First bytes of a msgpack array: of up to 15 elements, and of up to 65,535."""
_as_map: Final[Callable[[bytes], JournalRecord]] = msgspec.msgpack.Decoder(JournalRecord).decode
_as_array: Final[Callable[[bytes], _Unread]] = msgspec.msgpack.Decoder(_Unread).decode
_as_headers: Final[Callable[[bytes], dict[str, str]]] = msgspec.msgpack.Decoder(dict[str, str]).decode

_set: Final = msgspec.structs.force_setattr
_values: Final = msgspec.structs.astuple

_MOST_SHARED: Final = 4096
_LONGEST_SHARED: Final = 2048
"""Octets of header fields; longer ones than browsers send are not kept."""
_shared: Final[dict[bytes, dict[str, str]]] = {}
"""Header fields by how they are spelled: few differ, and to read them takes longer than the rest of a hit.

Hits with the same ones hold the same object, so whoever reads a hit changes nothing in it.
"""

encode = msgspec.msgpack.Encoder().encode
"""Return the payload of a `JournalRecord` or `PackedHit`."""


def decode(payload: bytes) -> JournalRecord:
    """Return the record of a payload. Raises `msgspec.MsgspecError`, `UnicodeDecodeError`."""
    if not payload or payload[0] not in _ARRAYS:
        return _as_map(payload)
    read = _as_array(payload)
    spelled = bytes(read.headers)
    headers = _shared.get(spelled)
    if headers is None:
        headers = _as_headers(spelled)
        if len(spelled) <= _LONGEST_SHARED:
            if len(_shared) >= _MOST_SHARED:
                _shared.clear()
            _shared[spelled] = headers
    _set(read, "headers", headers)
    # By position: to match the names of sixteen arguments took half of the time in which a hit is read.
    return Hit(*_values(read))
