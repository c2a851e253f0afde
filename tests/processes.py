"""Processes, as the kernel tells of them."""

from pathlib import Path


def alive(pid: int) -> bool:
    """Whether any thread of a process runs.

    Of a process that is killed the first thread may be a zombie while others have yet to end, and with them
    its sockets are open: who connects meanwhile is reset. The kernel counts them (`num_threads`, proc(5)).
    Its list of them can lack one that runs while another one ends.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    state, threads = fields[0], int(fields[17])
    return state not in "ZX" or threads > 1


def stands(pid: int) -> bool:
    """Whether no thread of a process runs after SIGSTOP: one takes the signal, and stops the others."""
    return all(state in "TZX" for state in _states(pid))


def _states(pid: int) -> list[str]:
    """The states of all threads of a process (proc(5)): X of one that has ended; none of one that is gone."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []
    return [_state(thread) for thread in threads]


def _state(thread: Path) -> str:
    try:
        return (thread / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # ESRCH where it ended after its file was opened
        return "X"
