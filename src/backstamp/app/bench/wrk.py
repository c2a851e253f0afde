"""Ask a server as fast as it answers, or at a pace, with wrk; and what its processes took for it."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, NamedTuple

from backstamp.app.bench.cpu_time import cpu_seconds

MEAN_PAUSE_MS: Final = 10
_PACED: Final = f"function delay() return math.random(0, {2 * MEAN_PAUSE_MS}) end\n"
"""wrk has no rate: each connection pauses at random between an answer and its next request."""
_LONGEST_WAIT: Final = "10s"
"""For an answer, after which wrk takes the server for broken. With wrk's own 2 s a machine that had much else
to do was enough for that; who is slow shows it by the p99."""
_TRIES: Final = 5
_CLOCK_WAS_SET: Final = 0.1
"""Seconds. wrk goes by the time of day: where that is set back, requests were begun in the future, which it
takes for broken, and where it is set forward its rate is wrong. So it is asked once more."""
_MILLISECONDS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0}


class Server(NamedTuple):
    """What is asked, and the process that answers it with its children."""

    url: str
    pid: int


class Figure(NamedTuple):
    """One server under wrk.

    Requests a second, milliseconds that 99 of 100 answers needed at most, and microseconds of processor
    time that the server's processes took for a request.
    """

    rate: float
    p99: float
    processor: float


def program(name: str) -> str | None:
    """Return the path of an installed program, or None."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def ask(
    server: Server, fields: tuple[str, ...], *, seconds: int, core: int, connections: int, paced: bool = False
) -> Figure:
    """Ask for some seconds over so many connections, from a core of wrk's own; `fields` are header fields.

    Raises RuntimeError when wrk or the server fails.
    """
    with NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_PACED)
        script.flush()
        command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
        command += ["--timeout", _LONGEST_WAIT]
        command += ["-s", script.name] if paced else []
        command += [argument for field in fields for argument in ("-H", field)]
        run = _run([*command, server.url], server.pid)
        for _ in range(_TRIES - 1):
            if run.clock_set < _CLOCK_WAS_SET:
                break
            run = _run([*command, server.url], server.pid)
        text, taken, _ = run
    requests = re.search(r"(\d+) requests in", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    if requests is None or rate is None or p99 is None or re.search(r"Socket errors|Non-2xx", text):
        raise RuntimeError(f"wrk did not finish its work:\n{text}")
    milliseconds = float(p99[1]) * _MILLISECONDS[p99[2]]
    return Figure(float(rate[1]), milliseconds, taken / int(requests[1]) * 1e6)


class _Run(NamedTuple):
    """What wrk said, the processor seconds that the server took, and by how many the clock was set."""

    text: str
    taken: float
    clock_set: float


def _run(command: list[str], pid: int) -> _Run:
    before, clock = cpu_seconds((pid,)), time.time() - time.monotonic()
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return _Run(text, cpu_seconds((pid,)) - before, abs(time.time() - time.monotonic() - clock))


def children(pid: int) -> list[int]:
    """Return the process ids of a process's children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def private_bytes(pid: int) -> int:
    """Return the memory that a process shares with no other (proc(5): smaps_rollup)."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * sum(
        int(size) for size in re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", text, re.MULTILINE)
    )
