"""`backstamp journal`: look at the journal without changing it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import click
import msgspec

from backstamp.app.context import AppContext
from backstamp.journal import Batch, JournalReader
from backstamp.journal.layout import SET_ASIDE, is_alive, lock_path, producers, segments

READ_AT_ONCE: Final = 10_000


@click.group()
def journal() -> None:
    """Look at the journal: what waits to be ingested, and is it whole."""


@journal.command()
@click.pass_obj
def ls(context: AppContext) -> None:
    """List the writing processes: name, role and process id, whether it lives, its files."""
    directory = context.journal_dir
    for producer in producers(directory):
        try:
            role = lock_path(directory, producer).read_text().strip()
        except OSError:
            role = ""
        files = segments(directory, producer)
        size = sum(segment.path.stat().st_size for segment in files)
        state = "writes" if is_alive(directory, producer) else "ended"
        start = files[0].start if files else 0
        click.echo(
            f"{producer}  {state}  {len(files):3} files  {size:12,} bytes from {start:,}  {role or '?'}"
        )
    damaged = directory / SET_ASIDE
    if damaged.is_dir():
        click.echo(f"{len(list(damaged.iterdir()))} damaged stretches in {damaged}")


@journal.command()
@click.option("--producer", help="Only what this process wrote.")
@click.option("--from", "start", type=int, default=0, help="Begin at this position.")
@click.pass_obj
def cat(context: AppContext, producer: str | None, start: int) -> None:
    """Print the records as JSON, one a line, with where they lie. Ends with 1 where one is damaged."""
    corrupt, unreadable = 0, dict[str, str]()
    for batch in _batches(context, start):
        corrupt, unreadable = corrupt + batch.corrupt, batch.unreadable
        for record_id, record in batch.records:
            if producer in (None, record_id.producer):
                fields = msgspec.to_builtins(record)
                click.echo(msgspec.json.encode(record_id._asdict() | fields).decode())
    _complain(unreadable, f"{corrupt} damaged records were passed over" if corrupt else "")


@journal.command()
@click.pass_obj
def verify(context: AppContext) -> None:
    """Check every record's length, checksum and spelling. Ends with 1 where one is damaged."""
    found: Counter[str] = Counter()
    corrupt, unreadable = 0, dict[str, str]()
    for batch in _batches(context, 0):
        corrupt, unreadable = corrupt + batch.corrupt, batch.unreadable
        found.update(type(record).__name__.lower() for _, record in batch.records)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.items())) or "none"
    click.echo(f"whole records: {found.total():,} ({kinds})")
    _complain(unreadable, f"{corrupt} records are damaged; the worker will set them aside" if corrupt else "")


def _complain(unreadable: Mapping[str, str], damage: str) -> None:
    """End with 1 and one line where something is wrong."""
    wrong = [f"producer {name} cannot be read ({reason})" for name, reason in unreadable.items()]
    if damage or wrong:
        raise click.ClickException("; ".join(filter(None, (damage, *wrong))))


def _batches(context: AppContext, start: int) -> Iterator[Batch]:
    reader = JournalReader(context.journal_dir, set_aside=False)
    cursors = dict.fromkeys(producers(context.journal_dir), start)
    while True:
        batch = reader.read(cursors, READ_AT_ONCE)
        yield batch
        if batch.cursors == cursors:
            return
        cursors = batch.cursors
