"""outcomes: which copies of a message were accepted, until the whole of it is settled.

A client that gets 4yz for a message of several recipients sends it again for all of them.  What the next
hop has accepted by then is written here, and on the disk before the next copy begins, so that the retry
goes only to the rest.  A message that was put off also keeps its tracking id here.

Keys are hashes that include the message's own digest: no address can be read or guessed from the file.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from backstamp.gateway.errors import ConfigError

KEEP_SECONDS: Final = 7 * 24 * 3600
"""Postfix gives mail up after 5 days (`maximal_queue_lifetime`), Exim after 4; nobody retries longer."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS envelope (
    key BLOB PRIMARY KEY, tracking_id BLOB NOT NULL, at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recipient (
    envelope BLOB NOT NULL REFERENCES envelope ON DELETE CASCADE,
    key BLOB NOT NULL, number INTEGER NOT NULL, accepted INTEGER NOT NULL,
    PRIMARY KEY (envelope, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS envelope_at ON envelope (at);
"""


class KnownRecipient(msgspec.Struct, frozen=True):
    """A recipient of an earlier try: its index in tokens, and whether the next hop has its copy."""

    index: int
    accepted: bool


class KnownEnvelope(msgspec.Struct, frozen=True):
    """A message of an earlier try: its tracking id, and its recipients by key."""

    tracking_id: int
    recipients: Mapping[bytes, KnownRecipient]


def envelope_key(client: str, reverse_path: str, digest: bytes) -> bytes:
    """Return the key of a message from a client; `digest` is `rewriting.envelope_digest` of it."""
    text = f"{client}\0{reverse_path}\0".encode("utf-8", "surrogateescape")
    return blake2b(text + digest, digest_size=16).digest()


def recipient_key(envelope: bytes, forward_path: str) -> bytes:
    """Return the key of a recipient within an envelope."""
    return blake2b(envelope + forward_path.encode("utf-8", "surrogateescape"), digest_size=16).digest()


class Outcomes:
    """The file of outcomes. Any thread may call it; writers wait for the disk."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it when it is not there. Raises `ConfigError`."""
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._database = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self._database.execute(f"PRAGMA {pragma}")
            self._database.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"{path} cannot be used: {error}; check the data directory") from None
        self._lock = threading.Lock()

    def find(self, envelope: bytes) -> KnownEnvelope | None:
        """Return what is known of earlier tries. Raises `sqlite3.Error`."""
        with self._lock:
            row = self._database.execute(
                "SELECT tracking_id FROM envelope WHERE key = ?", (envelope,)
            ).fetchone()
            if row is None:
                return None
            recipients = self._database.execute(
                "SELECT key, number, accepted FROM recipient WHERE envelope = ?", (envelope,)
            ).fetchall()
        return KnownEnvelope(
            int.from_bytes(row[0]),
            {key: KnownRecipient(index, bool(accepted)) for key, index, accepted in recipients},
        )

    def keep(
        self, envelope: bytes, tracking_id: int, recipients: Iterable[tuple[bytes, int, bool]], *, now: int
    ) -> None:
        """Write recipients (key, index, accepted); on the disk when it returns. Raises `sqlite3.Error`.

        `now` is in seconds since 1970 UTC. Who was accepted once stays so.
        """
        with self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute(
                "INSERT OR IGNORE INTO envelope VALUES (?, ?, ?)", (envelope, tracking_id.to_bytes(8), now)
            )
            self._database.executemany(
                "INSERT INTO recipient VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET accepted = max(accepted, excluded.accepted)",
                ((envelope, key, index, accepted) for key, index, accepted in recipients),
            )

    def drop(self, envelope: bytes) -> None:
        """Forget a message that is settled. Raises `sqlite3.Error`."""
        with self._lock:
            self._database.execute("DELETE FROM envelope WHERE key = ?", (envelope,))

    def expire(self, *, now: int) -> int:
        """Forget what nobody will try again; returns how many messages. Raises `sqlite3.Error`."""
        with self._lock:
            return self._database.execute("DELETE FROM envelope WHERE at < ?", (now - KEEP_SECONDS,)).rowcount

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()
