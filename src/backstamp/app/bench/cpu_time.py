"""What processes and their children have used of the processors; other work on the machine is not in it."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PARENT: Final = 1
_TIMES: Final = slice(11, 15)
"""proc(5): utime, stime, and both of the children that ended, counted behind the name in brackets."""


def cpu_seconds(roots: Iterable[int]) -> float:
    """Return seconds of CPU used so far by these processes, their descendants, and those that have ended."""
    children: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(entry.name)
        children.setdefault(int(words[_PARENT]), []).append(pid)
        used[pid] = sum(map(int, words[_TIMES]))
    waiting, ticks = list(roots), 0
    while waiting:
        pid = waiting.pop()
        ticks += used.get(pid, 0)
        waiting += children.get(pid, ())
    return ticks / _TICKS
