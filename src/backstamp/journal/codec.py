"""How records are spelled in a frame's payload: msgpack, a map for most, an array for a hit of the edge.

The edge writes its hits as arrays because that takes a third of the time; both spellings of a hit are
read, and mean the same.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from backstamp.vocabulary import ClickAction, Hit, HitKind, JournalRecord, ThreatType


class PackedHit(msgspec.Struct, frozen=True, array_like=True):
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

    def unpacked(self) -> Hit:
        """Return the hit that it is."""
        return Hit(
            at_us=self.at_us,
            kind=self.kind,
            domain_id=self.domain_id,
            tracking_id=self.tracking_id,
            method=self.method,
            recipient_key=self.recipient_key,
            recipient_index=self.recipient_index,
            link_number=self.link_number,
            headers=self.headers,
            network=self.network,
            source=self.source,
            address=self.address,
            action=self.action,
            threat=self.threat,
            threat_reason=self.threat_reason,
            threat_source=self.threat_source,
        )


_ARRAYS: Final = frozenset((*range(0x90, 0xA0), 0xDC))
"""First bytes of a msgpack array: of up to 15 elements, and of up to 65,535."""
_as_map: Final[Callable[[bytes], JournalRecord]] = msgspec.msgpack.Decoder(JournalRecord).decode
_as_array: Final[Callable[[bytes], PackedHit]] = msgspec.msgpack.Decoder(PackedHit).decode

encode = msgspec.msgpack.Encoder().encode
"""Return the payload of a `JournalRecord` or `PackedHit`."""


def decode(payload: bytes) -> JournalRecord:
    """Return the record of a payload. Raises `msgspec.MsgspecError`, `UnicodeDecodeError`."""
    if payload and payload[0] in _ARRAYS:
        return _as_array(payload).unpacked()
    return _as_map(payload)
