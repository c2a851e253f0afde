"""outcomes: which copies of a message were accepted, until the client knows the end of it.

A client that gets 4yz for a message of several recipients sends it again for all of them.  What the next
hop has accepted by then is written here, and on the disk before the next copy begins, so that the retry
goes only to the rest.  A message that was put off also keeps its tracking id here.

Each recipient stands by itself: one message comes in several transactions where its recipients are many, and
what becomes of one of these says nothing of the others.

Keys are hashes that include the message's own digest: no address can be read or guessed from the file.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from backstamp.gateway.errors import ConfigError

KEEP_SECONDS: Final = 7 * 24 * 3600
"""Postfix gives mail up after 5 days (`maximal_queue_lifetime`), Exim after 4; nobody retries longer."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS copy (
    key BLOB PRIMARY KEY, tracking_id BLOB NOT NULL, number INTEGER NOT NULL, accepted INTEGER NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS copy_at ON copy (at);
"""


class KnownCopy(msgspec.Struct, frozen=True):
    """A recipient of an earlier try: message and index in tokens, and whether the next hop has the copy."""

    tracking_id: int
    index: int
    accepted: bool


def envelope_key(client: str, reverse_path: str, digest: bytes) -> bytes:
    """Return the key of a message from a client; `digest` is `rewriting.envelope_digest` of it."""
    text = f"{client}\0{reverse_path}\0".encode("utf-8", "surrogateescape")
    return blake2b(text + digest, digest_size=16).digest()


def copy_key(envelope: bytes, forward_path: str) -> bytes:
    """Return the key of a message for one recipient; `envelope` is the message's."""
    return blake2b(envelope + forward_path.encode("utf-8", "surrogateescape"), digest_size=16).digest()


class Outcomes:
    """The file of outcomes. Any thread may call it; writers wait for the disk."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it when it is not there. Raises `ConfigError`."""
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._database = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self._database.execute(f"PRAGMA {pragma}")
            self._database.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"{path} cannot be used: {error}; check the data directory") from None
        self._lock = threading.Lock()

    def find(self, keys: Sequence[bytes]) -> dict[bytes, KnownCopy]:
        """Return what is known of earlier tries, by key. Raises `sqlite3.Error`."""
        found: dict[bytes, KnownCopy] = {}
        with self._lock:
            for key in keys:
                row = self._database.execute(
                    "SELECT tracking_id, number, accepted FROM copy WHERE key = ?", (key,)
                ).fetchone()
                if row is not None:
                    found[key] = KnownCopy(int.from_bytes(row[0]), row[1], bool(row[2]))
        return found

    def keep(self, tracking_id: int, copies: Iterable[tuple[bytes, int, bool]], *, now: int) -> None:
        """Write copies (key, index, accepted); on the disk when it returns. Raises `sqlite3.Error`.

        `now` is in seconds since 1970 UTC. Who was accepted once stays so.
        """
        message = tracking_id.to_bytes(8)
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(
                "INSERT INTO copy VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET number = excluded.number, "
                "tracking_id = excluded.tracking_id, accepted = max(accepted, excluded.accepted)",
                ((key, message, index, accepted, now) for key, index, accepted in copies),
            )

    def drop(self, keys: Iterable[bytes]) -> None:
        """Forget copies that are settled. Raises `sqlite3.Error`."""
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("DELETE FROM copy WHERE key = ?", ((key,) for key in keys))

    def expire(self, *, now: int) -> int:
        """Forget what nobody will try again; returns how many copies. Raises `sqlite3.Error`."""
        with self._lock:
            return self._database.execute("DELETE FROM copy WHERE at < ?", (now - KEEP_SECONDS,)).rowcount

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()
