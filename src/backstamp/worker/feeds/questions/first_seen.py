"""Since when publishers call a whole hash dangerous: kept for longer than an answer of theirs holds."""

import contextlib
from pathlib import Path
from typing import Final

import msgspec

from backstamp.shared_files.replacing import replace_file
from backstamp.vocabulary import ThreatType

_DAY_US: Final = 86_400_000_000
KEPT_US: Final = 90 * _DAY_US
"""So long after the last time it was said, it is forgotten."""
MOST: Final = 200_000


class _Said(msgspec.Struct, array_like=True):
    first_us: int
    last_us: int


class FirstSeen:
    """What was said when, in a file. A damaged file is as good as none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._said: dict[bytes, _Said] = {}
        self._dirty = False
        with contextlib.suppress(OSError, msgspec.DecodeError):
            self._said = msgspec.msgpack.decode(path.read_bytes(), type=dict[bytes, _Said])

    def note(self, whole: bytes, source: str, threat_type: ThreatType, now_us: int) -> tuple[int, bool]:
        """Return since when a publisher says this of a hash, and whether it is news; and keep it."""
        key = whole + f"{source} {threat_type}".encode()
        said = self._said.get(key)
        if said is None:
            self._said[key] = _Said(now_us, now_us)
            self._dirty = True
            return now_us, True
        if said.last_us < now_us - _DAY_US:
            said.last_us = now_us
            self._dirty = True
        return said.first_us, False

    def to_write(self, now_us: int) -> bytes | None:
        """Return what is to be written down, without what is old; None where nothing has changed."""
        if not self._dirty:
            return None
        self._dirty = False
        kept = {key: said for key, said in self._said.items() if said.last_us > now_us - KEPT_US}
        if len(kept) > MOST:
            newest = sorted(kept, key=lambda key: kept[key].last_us, reverse=True)[:MOST]
            kept = {key: kept[key] for key in newest}
        self._said = kept
        return msgspec.msgpack.encode(kept)

    def write(self, data: bytes) -> None:
        """Write it down. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        replace_file(self._path, data)
