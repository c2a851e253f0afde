"""csv_files: lists as files for spreadsheets, written while they are read."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from asgiref.sync import sync_to_async
from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse

from backstamp.spreadsheets import MARK, Cell, csv_lines

AT_ONCE: Final = 1_000
"""Rows that are read at a time."""
Row = TypeVar("Row", bound=Model)
Piece = tuple[Sequence[Sequence[Cell]], str]
"""Rows, and the place behind them, or "" where nothing is."""


def csv_file(name: str, columns: Sequence[str], read: Callable[[str], Piece]) -> StreamingHttpResponse:
    """Return a file of all rows. `read` gives those behind a place, "" at first, and the next place."""
    response = StreamingHttpResponse(_written(columns, read), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{name}-{datetime.now(UTC):%Y-%m-%d}.csv"'
    )
    return response


def newest_first(rows: QuerySet[Row], as_row: Callable[[Row], Sequence[Cell]]) -> Callable[[str], Piece]:
    """Return a reader of rows by their numbers, those that were made last first."""
    return newest_together(rows, lambda found: [as_row(row) for row in found])


def newest_together(
    rows: QuerySet[Row], as_rows: Callable[[list[Row]], Sequence[Sequence[Cell]]]
) -> Callable[[str], Piece]:
    """Return the same where what belongs to rows is looked up for many of them together."""

    def read(place: str) -> Piece:
        some = rows.filter(pk__lt=int(place)) if place else rows
        found = list(some.order_by("-pk")[:AT_ONCE])
        return as_rows(found), str(found[-1].pk) if len(found) == AT_ONCE else ""

    return read


async def _written(columns: Sequence[str], read: Callable[[str], Piece]) -> AsyncIterator[str]:
    """Yield it a piece at a time: a year's rows do not fit into memory, and others are served between."""
    yield MARK + csv_lines([columns])
    place, goes_on = "", True
    while goes_on:
        rows, place = await sync_to_async(read)(place)
        yield csv_lines(rows)
        goes_on = bool(place)
