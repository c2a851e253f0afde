"""Process lifetime: a child that runs what is ours, and never outlives its parent."""

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
"""prctl(2). The signal comes when the *thread* that started us ends: start children from one that stays."""


def die_with_parent(parent: int, death_signal: int = signal.SIGTERM) -> None:
    """Ask the kernel for `death_signal` when the parent dies, also by SIGKILL; leave at once if it is gone.

    `parent` is the process id of the one who started us. Elsewhere than on Linux this does nothing but
    the check.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    # The parent may have died before prctl; then we were handed to another process.
    if os.getppid() != parent:
        raise SystemExit(1)


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs a module of ours in this very Python.

    `python -m` puts the current folder before all installed packages: a `dns.py` there would be run, whoever
    had put it there. `-P` (Python 3.11) leaves the folder out.
    """
    return [sys.executable, "-P", "-m", module, *arguments]
