"""`backstamp bench ingest`: hits a second from the journal through verdicts into SQLite and PostgreSQL.

Beside them stands a bare INSERT or COPY of the same rows into a table without anything, in the same run.
"""

from pathlib import Path
from typing import Final, TextIO

from backstamp.app.bench.servers import scratch

QUICK: Final = 100_000
USUAL: Final = 1_000_000
"""Events, where nobody says how many; `--events 10000000` shows that the rate stays."""


def run(out: TextIO, quick: bool, events: int | None = None, folder: Path | None = None) -> None:
    """Print the rates at ten stages from an empty database to the last event."""
    number = events or (QUICK if quick else USUAL)
    with scratch.databases(folder) as found:
        for name, environment in found.items():
            print(f"{name}, {number:,} events:", file=out)
            scratch.run_in(environment, "ingest_run", number, out=out)
        if scratch.POSTGRESQL not in found:
            print("PostgreSQL, or its driver, is not installed here", file=out)
