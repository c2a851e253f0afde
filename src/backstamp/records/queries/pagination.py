"""What of a message does not fit one page, asked for a page at a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet

from backstamp.records.database.instants import LATEST_US, microseconds
from backstamp.records.models import Event, Message, Recipient
from backstamp.tokens.sealing import NO_RECIPIENT

SHOWN: Final = 50
"""Recipients, or links, on a page."""
Row = TypeVar("Row", bound=Model)
_PLACE: Final = re.compile(r"([0-9]{1,18})\.([A-Za-z0-9_-]{1,40})\.([0-9]{1,18})")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Numbers of pages of recipients and links, and the place of the event before which events are shown.

    Empty: the first of all. A number that is none counts as the nearest.
    """

    recipients: str = ""
    links: str = ""
    before: str = ""


@dataclass(frozen=True)
class Part(Generic[Row]):
    """Rows of a list, and the page that they are."""

    rows: tuple[Row, ...]
    page: "Page[int]"


@dataclass(frozen=True)
class Place:
    """Where an event stands among those of its message."""

    at_us: int
    producer: str
    position: int

    def __str__(self) -> str:
        return f"{self.at_us}.{self.producer}.{self.position}"


def place_of(event: Event) -> Place:
    """Return where an event stands."""
    return Place(microseconds(event.at), event.producer, event.position)


def read_place(text: str) -> Place:
    """Return the place that `str` wrote. Raises `ValueError` for a text that is none."""
    found = _PLACE.fullmatch(text)
    if found is None or int(found[1]) > LATEST_US:
        raise ValueError("not a place on a timeline")
    return Place(int(found[1]), found[2], int(found[3]))


def part_of(
    rows: QuerySet[Row], number: str, *, count: int | None = None, first: Sequence[Row] = ()
) -> Part[Row]:
    """Return a page of rows. `count` and `first` are how many there are and the first of them, where known.

    Most messages have one recipient and few links: then one query is enough, or none.
    """
    if len(first) < SHOWN and len(first) != count:
        first = list(rows[: SHOWN + 1])
    if count is None:
        count = len(first) if len(first) <= SHOWN else rows.count()
    page = Paginator(range(count), SHOWN).get_page(number)
    shown = first[:SHOWN] if page.number == 1 else rows[page.start_index() - 1 : page.end_index()]
    return Part(tuple(shown), page)


def recipients_of(message: Message) -> QuerySet[Recipient]:
    """Return a message's recipients; hits that name none are not theirs."""
    return message.recipients.exclude(index=NO_RECIPIENT).order_by("index")
