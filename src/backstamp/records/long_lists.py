"""long_lists: what of a message does not fit one page, asked for a page at a time."""

import re
from dataclasses import dataclass
from typing import Final

from django.core.paginator import Page, Paginator

from backstamp.records.instants import LATEST_US, microseconds
from backstamp.records.models import Event, Link, Message, Recipient
from backstamp.tokens.sealing import NO_RECIPIENT

RECIPIENTS_SHOWN: Final = 50
LINKS_SHOWN: Final = 50
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


def recipients_of(message: Message, asked: Asked) -> "Page[Recipient]":
    """Return a page of a message's recipients."""
    named = message.recipients.exclude(index=NO_RECIPIENT).order_by("index")
    return Paginator(named, RECIPIENTS_SHOWN).get_page(asked.recipients)


def links_of(message: Message, asked: Asked) -> "Page[Link]":
    """Return a page of a message's links."""
    return Paginator(message.links.order_by("number"), LINKS_SHOWN).get_page(asked.links)
