"""`backstamp bench lookback`: what looking back costs when mail comes, and when a list names something."""

from pathlib import Path
from typing import Final, TextIO

from backstamp.app.bench.servers import scratch

QUICK: Final = 10_000
USUAL: Final = 100_000
"""Links in the records."""


def run(out: TextIO, quick: bool, events: int | None = None, folder: Path | None = None) -> None:
    """Print the times on each database; `events` is the number of links."""
    number = events or (QUICK if quick else USUAL)
    with scratch.databases(folder) as found:
        for name, environment in found.items():
            print(f"{name}, {number:,} links of received mail:", file=out)
            scratch.run_in(environment, "lookback_run", number, out=out)
