"""Real programs that tests talk to: found here, or the test says why it does not run."""

import os
import shutil
import socket
import sys
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
    """Return a TCP port that nobody listens on at this moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
