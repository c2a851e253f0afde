"""`backstamp bench`: the figures of README's table, beside named peers in one run."""

import importlib
import sys
from pathlib import Path
from typing import Final

import click

from backstamp.app.bench import on_databases
from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import set_django_up

BENCHES: Final = (
    "edge",
    "rewrite",
    "ingest",
    "backlog",
    "queries",
    "networks",
    "threats",
    "gateway",
    "lookback",
)
SIZED: Final = ("backlog", "fill")
"""Those, beside the ones `on_databases`, that make events: how many, and where, can be said."""
MOST_EVENTS: Final = 100_000_000
"""Ten million take minutes, and the made-up journal of them 2 GB."""


@click.command()
@click.argument("which", nargs=-1, type=click.Choice((*BENCHES, "fill")))
@click.option("--quick", is_flag=True, help="Measure for a shorter time, less exactly.")
@click.option(
    "--events",
    type=click.IntRange(1, MOST_EVENTS),
    help="Events that the benchmarks of the database use.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder for scratch databases; with fill: folder of the SQLite database.",
)
@click.pass_obj
def bench(
    context: AppContext, which: tuple[str, ...], quick: bool, events: int | None, folder: Path | None
) -> None:
    """Measure the named parts (default: all), each beside its peers in the same run.

    `fill` measures nothing: it fills the configured database, which must be empty, with made-up mail
    of the last 90 days.
    """
    if "fill" in which and folder is None:
        # Of the settings that are named; scratch databases have settings of their own.
        set_django_up(context.settings)
    for name in which or BENCHES:
        if name in on_databases.BENCHES:
            on_databases.run(name, sys.stdout, quick, events, folder)
            continue
        module = importlib.import_module(f"backstamp.app.bench.{name}")
        if name in SIZED:
            module.run(sys.stdout, quick, events, folder)
        else:
            module.run(sys.stdout, quick)
