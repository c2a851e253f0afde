"""The key ring's file: made on the first start, mode 0600, read again when it changes."""

import codecs
import contextlib
import fcntl
import logging
import os
import secrets
import stat
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from backstamp.file_identity import FileIdentity, identity_of
from backstamp.tokens import Key, Keyring, KeyringError

_log = logging.getLogger("backstamp.app")

MODE: Final = 0o600
LOOK_AGAIN_SECONDS: Final = 0.5
"""A rotation reaches every running role within this time; a `stat` costs about 1 µs."""

MOST_OCTETS: Final = 1 << 26
"""Read of what is said to be a key file; half a million keys fit."""


class KeyFileError(Exception):
    """The key file cannot be used; one line with the cure."""


class KeyFile:
    """Gives the current key ring; call the object. A file that broke leaves the last good ring in force."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seen = _identity(path)
        self._ring = read(path)
        self._fault = ""
        self._look_again = time.monotonic() + LOOK_AGAIN_SECONDS

    def __call__(self) -> Keyring:
        """Return the ring, looking at the file again at most twice a second."""
        now = time.monotonic()
        if now >= self._look_again:
            with self._lock:
                self._look_again = now + LOOK_AGAIN_SECONDS
                seen = _identity(self.path)
                if seen != self._seen:
                    self._take(seen)
        return self._ring

    def _take(self, seen: FileIdentity | None) -> None:
        """Read the file again, and tell the log once where it cannot be used."""
        try:
            self._ring, self._seen, fault = read(self.path), seen, ""
        except KeyFileError as error:
            # A file being restored by hand must not stop links from opening.
            fault = str(error)
            if seen is None:
                fault = f"{self.path}: the key file is gone; restore it from your backup before any restart"
        if fault and fault != self._fault:
            _log.critical("%s; until this process ends it goes on with the keys that it has", fault)
        self._fault = fault


def made_at(key: Key) -> datetime | None:
    """Return when a key was made; None where its file says a time that no calendar has."""
    try:
        return datetime.fromtimestamp(key.created_at, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def missing(path: Path) -> str:
    """Return what is said where there is no key file."""
    return f"{path}: there is no key file; start `backstamp serve` once, or restore it"


def read(path: Path) -> Keyring:
    """Return the ring in the file. Raises `KeyFileError`."""
    try:
        # To open a pipe would wait for its writer for ever; and each worker reads the file again.
        if stat.S_ISFIFO(path.stat().st_mode):
            raise KeyFileError(f"{path}: is a pipe, which can be read once; name a file that stays")
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(MOST_OCTETS)
    except FileNotFoundError:
        raise KeyFileError(missing(path)) from None
    except OSError as error:
        cure = "run as the user who owns it" if isinstance(error, PermissionError) else "name the key file"
        raise KeyFileError(f"{path}: cannot be read ({error.strerror}); {cure}") from None
    try:
        ring = Keyring.from_json(text.removeprefix(codecs.BOM_UTF8))
    except KeyringError as error:
        raise KeyFileError(f"{path}: {error}") from None
    # Said of key files only: of another file that was named by mistake it would be bad advice.
    if mode & 0o077:
        raise KeyFileError(f"{path}: others may read the keys (mode {mode:04o}); run: chmod 600 {path}")
    return ring


def ensure(path: Path) -> Keyring:
    """Return the ring in the file, made with fresh keys when there is no file. Raises `KeyFileError`."""
    if not path.exists():
        ring = Keyring.create(secrets.token_bytes(32), secrets.token_bytes(32), int(time.time()))
        temporary = _write_beside(path, ring)
        try:
            # link() fails where another process was first; then its keys are the keys.
            path.hardlink_to(temporary)
            _sync_directory(path.parent)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return read(path)


def rotate(path: Path) -> Keyring:
    """Add a key to the file and make it the active one; returns the new ring. Raises `KeyFileError`.

    First the key only opens, and seals when every role has had the time to read it: else a mail could
    go out, and its link be followed, before the edge knows the key. Takes twice `LOOK_AGAIN_SECONDS`.
    """
    with _alone(path):
        ring = read(path)
        try:
            rotated = ring.rotated(secrets.token_bytes(32), int(time.time()))
        except KeyringError as error:
            raise KeyFileError(f"{path}: {error}") from None
        _replace(path, rotated.sealing_with(ring.active_id))
        time.sleep(2 * LOOK_AGAIN_SECONDS)
        _replace(path, rotated)
    return rotated


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process rotates: of two at once, one key would be lost, and links with it."""
    try:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read ({error.strerror}); check the directory") from None
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _replace(path: Path, ring: Keyring) -> None:
    _write_beside(path, ring).replace(path)
    _sync_directory(path.parent)


def _write_beside(path: Path, ring: Keyring) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        with os.fdopen(descriptor, "w") as file:
            file.write(ring.to_json())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be written ({error.strerror}); check the directory") from None
    return temporary


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _identity(path: Path) -> FileIdentity | None:
    try:
        return identity_of(path.stat())
    except OSError:
        return None
