"""spreadsheets: rows as lines of CSV (RFC 4180) of which no cell is a formula, and cells as they were.

What strangers wrote stands in such files, and a spreadsheet reckons whatever begins like a formula, or asks
the network for it (https://owasp.org/www-community/attacks/CSV_Injection). An apostrophe before it makes it
text. So that each cell can be read back exactly, one more is set before those that stand there already.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

MARK: Final = "\ufeff"
"""Before the first line: without it Excel takes a file for text of the system's old charset."""
_BEGINNING: Final = r"(^|[;\t\r\n])"
"""Of a cell: a semicolon begins one, too, where a comma is in decimals."""
_FORMULA: Final = r"'*(?:[ \"]{0,20}[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])"
"""Also with the wide signs of East Asia; apostrophes before it may be ours, or look like it."""
_UNGUARDED: Final = re.compile(f"{_BEGINNING}(?={_FORMULA})")
_GUARDED: Final = re.compile(f"{_BEGINNING}'(?={_FORMULA})")

Cell = str | int | datetime | None


def csv_lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as lines, with times to the millisecond."""
    text = io.StringIO()
    csv.writer(text).writerows([_written(cell) for cell in row] for row in rows)
    return text.getvalue()


def guarded(text: str) -> str:
    """Return a text so that it is no formula, wherever a spreadsheet lets a cell of it begin."""
    return _UNGUARDED.sub(r"\1'", text)


def as_it_was(text: str) -> str:
    """Return the text that `guarded` made this of; what was not made so is left as it is."""
    return _GUARDED.sub(r"\1", text)


def _written(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="milliseconds")
    return "" if cell is None else guarded(str(cell))
