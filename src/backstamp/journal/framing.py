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
_unpack_header: Final = _HEADER.unpack_from
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
    offset, start, end = 0, HEADER_BYTES, len(data)
    # In one loop, without a call for each frame: to find the frame took as long as to read the hit in it.
    while start <= end and len(found) < limit:
        magic, size, checksum = _unpack_header(data, offset)
        after = start + size
        if magic != MAGIC or size > MAX_PAYLOAD_BYTES or after > end:
            break
        payload = data[start:after]
        at = position + offset
        if _extend(producer_seed, _pack_bound(at, size) + payload) != checksum:
            break
        found.append((at, payload))
        offset, start = after, after + HEADER_BYTES
    return found, offset


def next_whole(producer_seed: int, data: bytes, position: int) -> int | None:
    """Return the offset in `data` of the first whole frame, or None when it holds none."""
    offset = data.find(MAGIC)
    while offset >= 0:
        if _is_whole(producer_seed, data, offset, position + offset):
            return offset
        offset = data.find(MAGIC, offset + 1)
    return None


def count_lost(damaged: bytes) -> int:
    """Return how many records a stretch without a whole frame held, as far as it still tells."""
    return max(1, damaged.count(MAGIC))


def _is_whole(producer_seed: int, data: bytes, offset: int, position: int) -> bool:
    """Return whether a whole frame, which stands at `position` in its stream, begins at `offset`."""
    longest = HEADER_BYTES + MAX_PAYLOAD_BYTES
    head = data[offset : offset + HEADER_BYTES]
    if len(head) < HEADER_BYTES:
        return False
    size = HEADER_BYTES + _unpack_header(head)[1]
    return size <= longest and bool(whole_frames(producer_seed, data[offset : offset + size], position, 1)[0])
