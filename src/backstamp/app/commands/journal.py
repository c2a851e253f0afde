"""`backstamp journal`: look at the journal without changing it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

from backstamp.app.context import AppContext
from backstamp.app.terminal.groups import Group
from backstamp.app.terminal.shown import printable_json
from backstamp.journal import Batch, JournalReader
from backstamp.journal.layout import (
    SET_ASIDE,
    is_alive,
    lock_path,
    open_at_once,
    producers,
    segments,
)

READ_AT_ONCE: Final = 10_000
_NOTE_BYTES: Final = 200


@click.group(cls=Group)
def journal() -> None:
    """Show what waits to be taken into the database, and check it. Changes nothing."""


@journal.command()
@click.pass_obj
def ls(context: AppContext) -> None:
    """List the writers of the journal: name, role, process, whether it runs, its files."""
    directory = context.journal_dir
    for producer in producers(directory):
        role = _role(lock_path(directory, producer))
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


def _role(path: Path) -> str:
    """Return what a writer noted in its lock file, of which a power cut may have left anything."""
    try:
        with open(path, "rb", opener=open_at_once) as file:
            noted = file.read(_NOTE_BYTES).decode("ascii", "replace").strip()
    except OSError:
        return ""
    return noted if noted.isprintable() else ""


@journal.command()
@click.option("--producer", help="Only records of this writer.")
@click.option(
    "--from", "start", type=click.IntRange(min=0), default=0, help="Begin at this position (with --producer)."
)
@click.pass_obj
def cat(context: AppContext, producer: str | None, start: int) -> None:
    """Print the records as JSON, one per line, with their positions. Ends with 1 if one is damaged."""
    if start and producer is None:
        # A position is a place in one stream; in another it lies in the middle of a record.
        raise click.UsageError("--from needs --producer", click.get_current_context())
    if producer is not None and producer not in producers(context.journal_dir):
        raise click.UsageError(
            f"no producer {producer!r}; `backstamp journal ls` shows all", click.get_current_context()
        )
    seen = _Seen()
    for batch in _batches(context, producer, start):
        seen.note(batch)
        for record_id, record in batch.records:
            fields = msgspec.to_builtins(record)
            click.echo(printable_json(record_id._asdict() | fields))
    seen.complain("{} damaged records were passed over")


@journal.command()
@click.pass_obj
def verify(context: AppContext) -> None:
    """Check every record's length, checksum and encoding. Ends with 1 if one is damaged."""
    found: Counter[str] = Counter()
    seen = _Seen()
    for batch in _batches(context, None, 0):
        seen.note(batch)
        found.update(type(record).__name__.lower() for _, record in batch.records)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.items())) or "none"
    click.echo(f"whole records: {found.total():,} ({kinds})")
    seen.complain("{} records are damaged; the worker will set them aside")


class _Seen:
    """What was found wrong so far."""

    def __init__(self) -> None:
        self._corrupt = 0
        self._missing = 0
        self._unreadable: dict[str, str] = {}

    def note(self, batch: Batch) -> None:
        self._corrupt += batch.corrupt
        self._missing += batch.missing
        self._unreadable = batch.unreadable

    def complain(self, damage: str) -> None:
        """End with 1 and one line where something is wrong; `damage` says so of a number of records."""
        wrong = [f"producer {name} cannot be read ({reason})" for name, reason in self._unreadable.items()]
        if self._missing:
            wrong.insert(0, f"{self._missing} bytes are not there")
        if self._corrupt:
            wrong.insert(0, damage.format(self._corrupt))
        if wrong:
            raise click.ClickException("; ".join(wrong))


def _batches(context: AppContext, producer: str | None, start: int) -> Iterator[Batch]:
    reader = JournalReader(context.journal_dir, set_aside=False, only=producer)
    cursors = {} if producer is None else {producer: start}
    while True:
        batch = reader.read(cursors, READ_AT_ONCE)
        yield batch
        if batch.cursors == cursors:
            return
        cursors = batch.cursors
