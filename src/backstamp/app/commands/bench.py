"""`backstamp bench`: the figures of README's table, beside named peers in one run."""

import importlib
import sys
from typing import Final

import click

BENCHES: Final = ("edge", "rewrite", "ingest")


@click.command()
@click.argument("which", nargs=-1, type=click.Choice(BENCHES))
@click.option("--quick", is_flag=True, help="Shorter and less exact.")
def bench(which: tuple[str, ...], quick: bool) -> None:
    """Measure the named parts (all by default), each beside its peers in the same run."""
    for name in which or BENCHES:
        importlib.import_module(f"backstamp.app.bench.{name}").run(sys.stdout, quick)
