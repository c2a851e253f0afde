"""`backstamp bench ingest|queries|lookback`: on an SQLite file, and a PostgreSQL server if there is one.

Each database is measured in a process of its own, by the module of the benchmark's name and `_run`.
"""

from pathlib import Path
from typing import Final, NamedTuple, TextIO

from backstamp.app.bench.servers import scratch


class _Sizes(NamedTuple):
    """What is counted; how many of it, and what else the module is told, usually and with `--quick`."""

    counted: str
    usual: tuple[int, ...]
    quick: tuple[int, ...]


BENCHES: Final = {
    "ingest": _Sizes("events", usual=(1_000_000,), quick=(100_000,)),
    "queries": _Sizes("events", usual=(1_000_000, 120), quick=(100_000, 24)),
    "lookback": _Sizes("links of received mail", usual=(100_000,), quick=(10_000,)),
}


def run(which: str, out: TextIO, quick: bool, number: int | None, folder: Path | None) -> None:
    """Print what a benchmark finds on each database; scratch files lie in `folder`."""
    sizes = BENCHES[which]
    usual, *more = sizes.quick if quick else sizes.usual
    with scratch.databases(folder) as found:
        for name, environment in found.items():
            print(f"{name}, {number or usual:,} {sizes.counted}:", file=out)
            scratch.run_in(environment, f"{which}_run", number or usual, *more, out=out)
        if scratch.POSTGRESQL not in found:
            print("PostgreSQL, or its driver, is not installed here", file=out)
