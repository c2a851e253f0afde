"""For all tests: no clock, chance or disk decides; the collector does not look at what collecting made."""

import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_MEMORY = Path("/dev/shm")
_ROOM = 3 * 1024**3
"""Octets for all processes of the tests: 0.2 GB for the PostgreSQL server of each, and their other files."""


def _holds_files(folder: Path) -> bool:
    """Whether tests can have their files there; a container's /dev/shm may be small, or run no program."""
    return (
        os.access(folder, os.W_OK)
        and not os.statvfs(folder).f_flag & os.ST_NOEXEC
        and shutil.disk_usage(folder).free > _ROOM
    )


# Of the time of tests with a database a fifth went by in fsync, and in ext4's search for inodes: that of a
# deleted file is given to nobody for a minute, and a database of PostgreSQL is three hundred files.
if "TMPDIR" not in os.environ and _holds_files(_MEMORY):
    # pytest has looked for a folder before it reads this.
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

# A machine that has much else to do is no fault of an example that takes a quarter of a second.
BUSY = [HealthCheck.too_slow]
# The same examples each time: a test fails by a change, never by chance. `make soak` looks at others.
settings.register_profile(
    "any machine", settings(), deadline=None, suppress_health_check=BUSY, derandomize=True, database=None
)
settings.register_profile("hunt", settings.get_profile("any machine"), derandomize=False)
settings.load_profile("any machine")


def pytest_sessionstart() -> None:
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what waits longest for processes and clocks: at the end of a run nobody else has work."""
    items.sort(key=lambda item: item.nodeid.partition("tests/")[2].partition("/")[0] not in ("e2e", "worker"))


def pytest_collection_finish() -> None:
    """Eleven thousand items lie in memory then; looking through them took a quarter of the time."""
    gc.enable()
    gc.collect()
    gc.freeze()
