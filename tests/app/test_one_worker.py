"""A data directory on a file system that has no locks."""

import errno
import fcntl
from pathlib import Path

import pytest

from backstamp.app.settings import SettingsError, load
from backstamp.app.starting.one_worker import only_worker, refuse_second


def test_where_nothing_can_be_locked_the_worker_says_so_and_keeps_no_other_role_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_file: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    settings = load(environ={"BACKSTAMP_DATA_DIR": str(tmp_path)})
    with only_worker(settings):
        pass
    monkeypatch.setattr(fcntl, "flock", no_locks)
    refuse_second(settings)
    with (
        pytest.raises(SettingsError, match=r"cannot be locked \(No locks available\)"),
        only_worker(settings),
    ):
        pass
