"""Frames: how one record lies in a segment, and how the next whole one is found after damage.

    magic 4 | payload length 4 | CRC-32C 4 | payload

The checksum covers the producer's name, the frame's position in the producer's stream, the length
and the payload.  The name is random and never leaves the machine, so nobody can hide a frame inside
a header field's value that would be taken for a record when the real frame around it is damaged;
and a block that turns up at the wrong place of the disk is not taken for the one that was lost.
The magic holds two bytes that UTF-8 never uses (RFC 3629 §1), so text from outside cannot hold it.
"""

import struct
from typing import Final

import google_crc32c

MAGIC: Final = b"\xff\xfeBJ"
MAX_PAYLOAD_BYTES: Final = 16 * 1024 * 1024
"""Longest record: a message with some ten thousand links and its manifest stays far below."""

_HEADER: Final = struct.Struct(">4sII")
_BOUND: Final = struct.Struct(">QI")
HEADER_BYTES: Final = _HEADER.size
_pack_header: Final = _HEADER.pack
_pack_bound: Final = _BOUND.pack
_extend: Final = google_crc32c.extend


def seed(producer: str) -> int:
    """Return the checksum state that all frames of a producer begin with."""
    return int(google_crc32c.value(producer.encode("ascii")))


def frame(producer_seed: int, position: int, payload: bytes) -> bytes:
    """Return the frame of `payload` at `position` (bytes since the producer's stream began)."""
    size = len(payload)
    checksum = _extend(producer_seed, _pack_bound(position, size) + payload)
    return _pack_header(MAGIC, size, checksum) + payload


def whole_frames(
    producer_seed: int, data: bytes, position: int, limit: int
) -> tuple[list[tuple[int, bytes]], int]:
    """Return the whole frames at the beginning of `data`, and how many bytes they take.

    `position` is where `data` begins in the stream. Stops after `limit` frames, or before the first
    one that is cut short or damaged. Each frame is (its position, its payload).
    """
    found: list[tuple[int, bytes]] = []
    offset = 0
    while len(found) < limit:
        payload = _payload(producer_seed, data, offset, position + offset)
        if payload is None:
            break
        found.append((position + offset, payload))
        offset += HEADER_BYTES + len(payload)
    return found, offset


def next_whole(producer_seed: int, data: bytes, position: int) -> int | None:
    """Return the offset in `data` of the first whole frame, or None when it holds none."""
    offset = data.find(MAGIC)
    while offset >= 0:
        if _payload(producer_seed, data, offset, position + offset) is not None:
            return offset
        offset = data.find(MAGIC, offset + 1)
    return None


def count_lost(damaged: bytes) -> int:
    """Return how many records a stretch without a whole frame held, as far as it still tells."""
    return max(1, damaged.count(MAGIC))


def _payload(producer_seed: int, data: bytes, offset: int, position: int) -> bytes | None:
    start = offset + HEADER_BYTES
    if start > len(data):
        return None
    magic, size, checksum = _HEADER.unpack_from(data, offset)
    if magic != MAGIC or size > MAX_PAYLOAD_BYTES or start + size > len(data):
        return None
    payload = data[start : start + size]
    if _extend(producer_seed, _pack_bound(position, size) + payload) != checksum:
        return None
    return payload
