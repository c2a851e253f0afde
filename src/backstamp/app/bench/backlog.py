"""`backstamp bench backlog`: a backlog is worked off while the edge serves at half its peak.

A worker of its own takes in what lies in the journal; the edge's rate and its slowest answers stand beside
what they are without it.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, TextIO

from backstamp.app.bench import wrk
from backstamp.app.bench.made_up.dataset import append, records
from backstamp.app.bench.servers import edge_servers
from backstamp.journal import JournalWriter
from backstamp.lifetime import module_command

QUICK: Final = 50_000
USUAL: Final = 1_000_000
_CORE: Final = "0"
_WRK_CORE: Final = 1
_SECONDS: Final = 5
_QUICK_SECONDS: Final = 1
_SEGMENT_BYTES: Final = 4_000_000
"""Small ones, to see them go."""


def run(out: TextIO, quick: bool, events: int | None = None, folder: Path | None = None) -> None:
    """Print the edge's figures alone and beside the worker, and how quickly the backlog went."""
    if wrk.program("wrk") is None or wrk.program("nginx") is None:
        print("wrk or nginx is not installed here", file=out)
        return
    number = events or (QUICK if quick else USUAL)
    seconds = _QUICK_SECONDS if quick else _SECONDS
    with tempfile.TemporaryDirectory(prefix="backstamp-bench-", dir=folder) as name, ExitStack() as stack:
        directory = Path(name)
        server = edge_servers.start(directory, _CORE, 1, stack)[edge_servers.OUR_PIXEL]
        peak = wrk.ask(server, (), seconds=seconds, core=_WRK_CORE, connections=32)
        connections = max(1, round(peak.rate / 2 * wrk.MEAN_PAUSE_MS / 1000))
        backlog = _write(directory / "journal", number)
        print(f"{'':<28} {'requests/s':>11} {'p99 ms':>8}", file=out)
        _line(out, "the edge's peak", peak)
        _line(out, "at half of it", _paced(server, connections, seconds))
        with _worker(directory):
            began, before = time.monotonic(), _size(backlog)
            while (waiting := _size(backlog)) > 0:
                what = f"beside it, {(before - waiting) / 1e6:,.0f} MB gone"
                _line(out, what, _paced(server, connections, seconds))
            taken = time.monotonic() - began
        print(
            f"{number:,} events of backlog were gone after {taken:,.0f} s: {number / taken:,.0f}/s", file=out
        )


def _line(out: TextIO, what: str, figure: wrk.Figure) -> None:
    print(f"{what:<28} {figure.rate:>11,.0f} {figure.p99:>8.1f}", file=out, flush=True)


def _paced(server: wrk.Server, connections: int, seconds: int) -> wrk.Figure:
    return wrk.ask(server, (), seconds=seconds, core=_WRK_CORE, connections=connections, paced=True)


def _write(journal: Path, events: int) -> Path:
    """Leave the journal of a producer that is gone, and return its folder."""
    writer = JournalWriter(journal, role="edge", sync="off", segment_bytes=_SEGMENT_BYTES)
    for record in records(events):
        append(writer, record)
    writer.close()
    return journal / writer.producer


def _size(folder: Path) -> int:
    """Return the octets of a producer's journal that are not retired yet."""
    total = 0
    for path in folder.glob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


@contextmanager
def _worker(directory: Path) -> Iterator[None]:
    """Run a worker over the journal, on any core: the edge's, or what wrk leaves of its own."""
    environment = os.environ | {"BACKSTAMP_DATA_DIR": str(directory), "BACKSTAMP_DATABASE_URL": ""}
    (directory / "keys.json").chmod(0o600)
    program = module_command("backstamp")
    subprocess.run([*program, "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    with (directory / "worker.log").open("wb") as log:
        process = subprocess.Popen([*program, "worker"], env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
