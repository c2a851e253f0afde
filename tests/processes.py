"""Processes, as the kernel tells of them."""

from pathlib import Path


def alive(pid: int) -> bool:
    """Whether any thread of a process runs.

    Of a process that is killed the first thread may be a zombie while others have yet to end, and with them
    its sockets are open: who connects meanwhile is reset.
    """
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return False
    return any(_runs(thread) for thread in threads)


def _runs(thread: Path) -> bool:
    try:
        return (thread / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:  # ESRCH where it ended after its file was opened
        return False
