"""keyset: lists that are sorted by time, the newest first, and where each of their pages ends.

A page costs the same wherever it is, and no row comes twice or is left out while others are added before it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from django.db.models import Model, Q, QuerySet

from backstamp.records.database.instants import LATEST_US, instant, microseconds

_CURSOR: Final = re.compile(r"([0-9]{1,18})\.(-?[0-9]{1,19})")
_NUMBERS: Final = range(-(1 << 63), 1 << 63)
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, order=True)
class Cursor:
    """The place of a row: its time, and its number, which tells rows of the same moment apart."""

    at_us: int
    number: int

    def __str__(self) -> str:
        return f"{self.at_us}.{self.number}"

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Return the cursor that `str` wrote. Raises `ValueError` for a text that is none."""
        found = _CURSOR.fullmatch(text)
        if found is None or int(found[1]) > LATEST_US or int(found[2]) not in _NUMBERS:
            raise ValueError("not a cursor of a list")
        return cls(int(found[1]), int(found[2]))


@dataclass(frozen=True)
class NewestFirst:
    """The order of a list: by the column `at`, and within a moment by `number`, the highest first or last.

    An index by these columns should be there, or one by `at`, where moments are seldom shared.
    """

    at: str
    number: str = "pk"
    highest_first: bool = True

    def rows(self, rows: QuerySet[Row], before: str = "") -> QuerySet[Row]:
        """Return rows in this order, those behind a page's end alone where `before` is one.

        Raises `ValueError` for a cursor that is none.
        """
        if before:
            cursor = Cursor.read(before)
            at = instant(cursor.at_us)
            side = "lt" if self.highest_first else "gt"
            beside = Q(**{f"{self.at}__lt": at}) | Q(**{f"{self.number}__{side}": cursor.number})
            rows = rows.filter(**{f"{self.at}__lte": at}).filter(beside)
        return rows.order_by(f"-{self.at}", f"-{self.number}" if self.highest_first else self.number)

    def page(self, found: Sequence[Row], size: int) -> tuple[list[Row], str]:
        """Return the first `size` of rows in this order, and the cursor of those behind, or ""."""
        shown = list(found[:size])
        return shown, str(self.cursor(shown[-1])) if len(found) > size else ""

    def cursor(self, row: Model) -> Cursor:
        """Return the place of a row."""
        return Cursor(microseconds(getattr(row, self.at)), getattr(row, self.number))
