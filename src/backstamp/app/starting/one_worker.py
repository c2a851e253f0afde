"""A data directory has one worker: two would take each other's capture socket and unfinished files."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from backstamp.app.settings import Settings, SettingsError
from backstamp.app.settings.data_dir import DataFile
from backstamp.app.settings.table import DATA_DIR

PATIENCE_SECONDS: Final = 3.0
"""The worker of a server that was killed a moment ago needs as long to go."""


@contextmanager
def only_worker(settings: Settings) -> Iterator[None]:
    """Be the only one in the data directory, as long as the block runs. Raises `SettingsError`."""
    path = settings.in_data_dir(DataFile.WORKER_LOCK)
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SettingsError(
            f"data_dir: {path} cannot be written ({error.strerror}); check its owner"
        ) from None
    try:
        try:
            _lock(file, settings)
        except OSError as error:
            raise SettingsError(
                f"data_dir: {path} cannot be locked ({error.strerror}); put it on a disk of this machine"
            ) from None
        yield
    finally:
        os.close(file)


def refuse_second(settings: Settings) -> None:
    """Raise `SettingsError` where a worker is in the data directory already.

    Only asked, for the lock is the worker's, which may be started again. Where nothing can be written (a disk
    that the kernel has made read-only) or locked (a network's without locks) the worker says so, and does not
    keep the edge from starting.
    """
    try:
        file = os.open(settings.in_data_dir(DataFile.WORKER_LOCK), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        _lock(file, settings)
    except OSError:
        return
    finally:
        os.close(file)


def _lock(file: int, settings: Settings) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise SettingsError(
                    f"data_dir: another Backstamp works in {settings[DATA_DIR]}; "
                    "stop it, or give this one a directory of its own"
                ) from None
        time.sleep(0.05)
