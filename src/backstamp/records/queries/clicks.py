"""The click log: who asked for which link of received mail, when, and what was decided; newest first.

What happened to links of sent mail is on their messages' timelines.

A page costs the same however many clicks there are: it is read from the newest end of an index of clicks
alone (`event_guarded`), at most `MOST_EXAMINED` rows of it; or by message and recipient, where a filter names
few of them.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from backstamp.records.database.instants import read, stored
from backstamp.records.database.keyed_selects import limited_for_keys, select_for_keys
from backstamp.records.events import lookups
from backstamp.records.models import Event, Message
from backstamp.records.queries.click_filter import ALL_TYPES, ClickFilter, Query, query_of
from backstamp.records.queries.keyset import Cursor

PAGE_SIZE: Final = 50
MOST_EXAMINED: Final = 20_000
_CHUNKS: Final = (500, 4_500, 15_000)
"""So many rows are looked through at a time: most pages are filled by the first."""

_ORDER: Final = "x.at DESC, x.id DESC"
_URL: Final = (
    "(SELECT l.url FROM records_link l WHERE l.message_id = x.message_id AND l.number = x.link_number)"
)


@dataclass(frozen=True)
class Click:
    """A click with all that is known of it; `address` is "" where the link names nobody."""

    event: Event
    message: Message | None
    address: str
    url: str
    text: str

    @property
    def detail(self) -> dict[str, Any]:
        """What spoke against the link: threat, reason, source."""
        return self.event.detail if isinstance(self.event.detail, dict) else {}


@dataclass(frozen=True)
class ClickPage:
    """A page; `older` is the cursor of the next. Where `cut`, it is short for so much was looked through."""

    rows: tuple[Click, ...]
    older: str = ""
    cut: bool = False


def click_page(wanted: ClickFilter, *, before: str = "", size: int = PAGE_SIZE) -> ClickPage:
    """Return the newest clicks that fit; `before` is the `older` of a former page.

    Raises `ValueError` for a cursor that is none.
    """
    query = query_of(wanted)
    start = Cursor.read(before) if before else None
    if query.keys is not None:
        found, cut, last = _of_keys(query, query.keys, start, size + 1), False, None
    else:
        found, cut, last = _walk(query, start, size + 1)
    shown = found[:size]
    if len(found) > size:
        older, cut = str(shown[-1]), False
    else:
        older = str(last) if cut else ""
    return ClickPage(_clicks([place.number for place in shown]), older, cut)


def clicks_of_message(message: int, number: int) -> tuple[Click, ...]:
    """Return a message's newest clicks."""
    return click_page(ClickFilter(message=message), size=number).rows


def _walk(query: Query, start: Cursor | None, number: int) -> tuple[list[Cursor], bool, Cursor | None]:
    """Look through the newest clicks; return those that fit, whether there may be more, and the last seen."""
    found: list[Cursor] = []
    last = start
    url = f", {_URL}" if query.fits is not None else ""
    for chunk in _CHUNKS:
        after, bounds = _before(last)
        examined = 0
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT x.id, x.at, CASE WHEN {query.condition} THEN 1 ELSE 0 END{url} "
                f"FROM records_event x WHERE {ALL_TYPES}{after} ORDER BY {_ORDER} LIMIT {chunk}",
                [*query.parameters, *bounds],
            )
            while rows := cursor.fetchmany(500):
                for row in rows:
                    examined += 1
                    last = Cursor(read(row[1]), row[0])
                    if row[2] and (query.fits is None or query.fits(row[3] or "")):
                        found.append(last)
                        if len(found) == number:
                            return found, False, last
        if examined < chunk:
            return found, False, last
    return found, True, last


def _of_keys(
    query: Query, keys: Sequence[tuple[int, int]], start: Cursor | None, number: int
) -> list[Cursor]:
    """Return the newest clicks of some copies or links that fit."""
    after, bounds = _before(start)
    url = f", {_URL.replace('x.', 'e.')}" if query.fits is not None else ""
    # A test of the URL comes after the limit: then all of a copy are asked for.
    limit = number if query.fits is None or query.key_column == "link_number" else MOST_EXAMINED
    condition = f"x.message_id = keys.m AND x.{query.key_column} = keys.k AND {query.condition}{after}"
    source = limited_for_keys("records_event", condition, _ORDER, limit)
    parameters = [*query.parameters, *bounds]
    rows = select_for_keys(f"SELECT e.id, e.at{url} {source}", ("m", "k"), keys, parameters)
    places = (Cursor(read(row[1]), row[0]) for row in rows if query.fits is None or query.fits(row[2] or ""))
    return heapq.nlargest(number, places)


def _before(place: Cursor | None) -> tuple[str, list[Any]]:
    if place is None:
        return "", []
    at = stored(place.at_us)
    return " AND x.at <= %s AND (x.at < %s OR x.id < %s)", [at, at, place.number]


def _clicks(pks: Sequence[int]) -> tuple[Click, ...]:
    """Return clicks in the given order: four queries for a page."""
    events = {event.pk: event for event in Event.objects.filter(pk__in=pks)}
    keys = {event.message_id for event in events.values()}
    messages = Message.objects.defer("manifest").in_bulk(keys)
    addresses = lookups.addresses((event.message_id, event.recipient_index) for event in events.values())
    links = lookups.links((event.message_id, event.link_number) for event in events.values())
    return tuple(
        Click(
            event=event,
            message=messages.get(event.message_id),
            address=addresses.get((event.message_id, event.recipient_index), ""),
            url=url,
            text=text,
        )
        for pk in pks
        if (event := events.get(pk)) is not None
        for url, text in (links.get((event.message_id, event.link_number), ("", "")),)
    )
