"""`backstamp bench queries`: what the console's pages take of a database that `bench fill` filled.

Without events of its own it fills scratch databases first, an SQLite file and a PostgreSQL server.
"""

from pathlib import Path
from typing import Final, TextIO

from backstamp.app.bench.servers import scratch

QUICK: Final = 100_000
USUAL: Final = 1_000_000
QUICK_TIMES: Final = 24
USUAL_TIMES: Final = 120


def run(out: TextIO, quick: bool, events: int | None = None, folder: Path | None = None) -> None:
    """Print the 95th percentile of each page, beside what is wanted."""
    number = events or (QUICK if quick else USUAL)
    times = QUICK_TIMES if quick else USUAL_TIMES
    with scratch.databases(folder) as found:
        for name, environment in found.items():
            print(f"{name}, {number:,} events:", file=out)
            scratch.run_in(environment, "queries_run", number, times, out=out)
