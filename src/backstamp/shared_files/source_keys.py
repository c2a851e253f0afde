"""`source`: the pseudonym of an address, under a key of the day that is destroyed after 48 hours.

While the key is there, equal addresses have equal pseudonyms, which is what "same source" rules need.
Without it the eight bytes say nothing, not even to us (docs/privacy.md).
"""

import contextlib
import hashlib
import logging
import os
import secrets
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from backstamp.journal.layout import open_at_once
from backstamp.verdicts.networks import unmapped

_log = logging.getLogger("backstamp.shared_files")

DAY_US: Final = 86_400_000_000
LIFETIME_US: Final = 2 * DAY_US
SOURCE_BYTES: Final = 8
_KEY_BYTES: Final = 32
_NETWORK_BYTES: Final = 8
"""Of an IPv6 address: its /64."""


class SourceKeys:
    """The keys in a folder that all edge workers share; whoever needs today's first makes it."""

    def __init__(self, directory: Path) -> None:
        """Make nothing yet."""
        self._directory = directory
        # By day: BLAKE2b states that have taken the key, for copying is cheaper than keying.
        self._keyed: dict[int, hashlib.blake2b] = {}
        self._failing = False

    def source(self, address: bytes, at_us: int) -> bytes:
        """Return the 8-byte pseudonym of an IP address at a moment (microseconds since 1970 UTC, now).

        `address` is the 4 or 16 octets in network order; empty where there is none.

        An IPv6 address counts by its /64, for that is one household or one machine; an IPv4-mapped one
        is the IPv4 address. Empty for what is no address (a Unix socket's peer), and while no key can
        be made: a hit without `source` is better than none.
        """
        network = unmapped(address)[:_NETWORK_BYTES]
        day = at_us // DAY_US
        keyed = self._keyed.get(day) or self._load(day)
        if not network or keyed is None:
            return b""
        state = keyed.copy()
        state.update(network)
        return state.digest()

    def destroy_old(self, now_us: int) -> None:
        """Forget every key that began 48 hours ago or earlier, in memory and on the disk.

        Those of days that are far ahead go too: a wrong clock made them, and until then is too long.
        """
        oldest, newest = (now_us - LIFETIME_US) // DAY_US, (now_us + LIFETIME_US) // DAY_US
        # A copy: requests in other threads put keys in meanwhile.
        for day in list(self._keyed):
            if day <= oldest or day > newest:
                self._keyed.pop(day, None)
        with contextlib.suppress(FileNotFoundError):
            for path in self._directory.iterdir():
                of_file = _day(path.name)
                if of_file is not None and (of_file <= oldest or of_file > newest):
                    path.unlink(missing_ok=True)

    def _load(self, day: int) -> hashlib.blake2b | None:
        path = self._directory / _name(day)
        try:
            if not path.exists():
                self._make(path)
            with open(path, "rb", buffering=0, opener=open_at_once) as file:
                keyed = self._remember(day, os.pread(file.fileno(), _KEY_BYTES + 1, 0))
        except OSError as error:
            if not self._failing:
                _log.error("source key of the day cannot be made (%s): hits have no source", error.strerror)
            self._failing = True
            return None
        self._failing = False
        return keyed

    def _make(self, path: Path) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
                file.flush()
                os.fsync(descriptor)
            # A link appears whole or not at all, and only for the first who makes it.
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(temporary)
        finally:
            temporary.unlink()

    def _remember(self, day: int, key: bytes) -> hashlib.blake2b:
        if len(key) != _KEY_BYTES:
            raise OSError(0, "the key file is damaged")
        keyed = self._keyed[day] = hashlib.blake2b(digest_size=SOURCE_BYTES, key=key)
        return keyed


def _name(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()


def _day(name: str) -> int | None:
    """Return the day of a key file's name; also of a temporary one that a crash left."""
    try:
        found = date.fromisoformat(name.lstrip(".")[:10])
    except ValueError:
        return None
    return (found - date(1970, 1, 1)).days
