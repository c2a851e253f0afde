"""Real programs that tests talk to: found here, or the test says why it does not run."""

import itertools
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
VENV = str(Path(sys.executable).parent)
"""Where `tools/test-daemons` puts what is made from source."""
SBIN = ("/usr/sbin", "/sbin", "/usr/local/sbin", VENV, *map(str, POSTGRESQL))


def require(program: str) -> Path:
    """Return the path of `program`; skip where a stranger lacks it, fail where CI promised it."""
    found = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *SBIN]))
    if found:
        return Path(found)
    reason = f"{program} is not installed (`make test-daemons` installs it on Debian and Ubuntu)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port(host: str = "127.0.0.1") -> int:
    """Return a TCP port that nobody listens on, and that no other process of this test run is given."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in _PORTS:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As servers do: a port that was used a moment ago is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise AssertionError("all ports are taken")


def _ports() -> Iterator[int]:
    """Yield ports below those that the kernel gives out (32,768), a range for each test process."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    start = 12_000 + 2_500 * worker
    yield from itertools.islice(itertools.cycle(range(start, start + 2_500)), os.getpid() % 2_500, None)


_PORTS = _ports()
