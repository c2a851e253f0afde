"""csv_text: rows as text that spreadsheets open (RFC 4180)."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

MARK: Final = "\ufeff"
"""Before the first line: without it Excel takes a file for text of the system's old charset."""
_FORMULA: Final = re.compile(r"(^|[;\t\r\n])(?=[ \"]{0,20}[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])")
"""Where one may begin, also with the wide signs of East Asia: a semicolon begins a cell, too, where a comma
is in decimals.
"""

Cell = str | int | datetime | None


def csv_lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as lines. No cell begins like a formula, for spreadsheets would reckon it."""
    text = io.StringIO()
    csv.writer(text).writerows([_written(cell) for cell in row] for row in rows)
    return text.getvalue()


def _written(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="milliseconds")
    return "" if cell is None else _FORMULA.sub(r"\1'", str(cell))
