"""The click log: who asked for which link of received mail, when, and what was decided; newest first.

What happened to links of sent mail is on their messages' timelines.

A page costs the same however many clicks there are: it is read from the newest end of an index of clicks
alone (`event_guarded`), at most `MOST_EXAMINED` rows of it; or by message and recipient, where a filter names
few of them.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from backstamp.records.database.bulk import limited_for_keys, select_for_keys
from backstamp.records.database.instants import read, stored
from backstamp.records.events.link_hosts import host_in
from backstamp.records.looking_back.link_expressions import digest_of
from backstamp.records.models import Event, LinkExpression, Message, Recipient, SenderDomain
from backstamp.records.queries.keyset import Cursor
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.urls.safe_browsing import expressions
from backstamp.vocabulary import PEOPLE, Actor, EventType

PAGE_SIZE: Final = 50
MOST_EXAMINED: Final = 20_000
_CHUNKS: Final = (500, 4_500, 15_000)
"""So many rows are looked through at a time: most pages are filled by the first."""
_FEW: Final = 2_000
"""Messages up to which it is cheaper to ask each for its clicks."""
MOST_OF_A_MAILBOX: Final = 20_000

_ALL_TYPES: Final = "x.type IN ('allowed', 'warned', 'blocked', 'clicked_through')"
"""In the words of the index, so that it is taken."""
_RECEIVED: Final = (
    "(SELECT m.direction FROM records_message m WHERE m.tracking_id = x.message_id) = 'inbound'"
)
_ORDER: Final = "x.at DESC, x.id DESC"
_URL: Final = (
    "(SELECT l.url FROM records_link l WHERE l.message_id = x.message_id AND l.number = x.link_number)"
)
_IN_DOMAIN: Final = (
    "((SELECT lower(r.address) FROM records_recipient r WHERE r.message_id = x.message_id AND "
    "r.\"index\" = x.recipient_index) LIKE %s ESCAPE '\\' OR (x.recipient_index = %s AND "
    "(SELECT m.domain_id FROM records_message m WHERE m.tracking_id = x.message_id) = %s))"
)
"""The mailbox is of the domain; of a link that names nobody, the message. Each is asked for as a value: for
an EXISTS PostgreSQL makes a table of all that fit, and reads every recipient (0.5 s of a million).
"""


class Who(StrEnum):
    """Whose clicks are shown."""

    ALL = "all"
    PEOPLE = "people"
    UNCLEAR = "unclear"
    MACHINES = "machines"


_ACTORS: Final = {
    Who.PEOPLE: PEOPLE,
    Who.UNCLEAR: frozenset({Actor.UNKNOWN}),
    Who.MACHINES: frozenset({Actor.SCANNER, Actor.PREFETCH, Actor.PREVIEW_BOT}),
}


@dataclass(frozen=True, kw_only=True)
class ClickFilter:
    """What is to be shown. Empty fields want everything.

    `message` is a stored tracking id, `expression` that of a host or URL (`policy.own_entries`), `domain` the
    mailbox's.
    """

    message: int | None = None
    mailbox: str = ""
    domain: str = ""
    expression: str = ""
    action: EventType | None = None
    who: Who = Who.ALL


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


_Pair = tuple[int, int | None]
"""A message, and a recipient or link of it."""


@dataclass(frozen=True)
class _Query:
    """Conditions on `records_event x`, their parameters, and a test of the link's URL."""

    condition: str
    parameters: tuple[Any, ...] = ()
    fits: Callable[[str], bool] | None = None
    keys: tuple[tuple[int, int], ...] | None = None
    key_column: str = "recipient_index"


def click_page(wanted: ClickFilter, *, before: str = "", size: int = PAGE_SIZE) -> ClickPage:
    """Return the newest clicks that fit; `before` is the `older` of a former page.

    Raises `ValueError` for a cursor that is none.
    """
    query = _query(wanted)
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


def _query(wanted: ClickFilter) -> _Query:
    conditions, parameters = [_ALL_TYPES, _RECEIVED], list[Any]()
    if wanted.action is not None:
        conditions.append("x.type = %s")
        parameters.append(wanted.action.value)
    if wanted.who in _ACTORS:
        actors = sorted(actor.value for actor in _ACTORS[wanted.who])
        conditions.append(f"x.actor IN ({', '.join(['%s'] * len(actors))})")
        parameters += actors
    if wanted.domain:
        conditions.append(_IN_DOMAIN)
        number = SenderDomain.objects.filter(name=wanted.domain).values_list("pk", flat=True).first()
        parameters += [f"%@{_escaped(wanted.domain)}", NO_RECIPIENT, number or -1]
    fits = _url_test(wanted.expression) if wanted.expression else None
    keys: tuple[tuple[int, int], ...] | None = None
    column = "recipient_index"
    if wanted.message is not None:
        indexes = Recipient.objects.filter(message=wanted.message).values_list("index", flat=True)
        keys = tuple((wanted.message, index) for index in {*indexes, NO_RECIPIENT})
    if wanted.mailbox:
        theirs = _copies_of(wanted.mailbox)
        keys = theirs if keys is None else tuple(sorted(set(keys) & set(theirs)))
    if keys is None and fits is not None:
        keys = _links_under(wanted.expression, fits)
        column = "link_number" if keys is not None else column
    return _Query(" AND ".join(conditions), tuple(parameters), fits, keys, column)


def _copies_of(address: str) -> tuple[tuple[int, int], ...]:
    """Return the newest messages that a mailbox got, with the index under which it got them."""
    copies = Recipient.objects.filter(received=True, address__in={address, address.lower()})
    newest = copies.order_by("-pk").values_list("message_id", "index")
    return tuple(newest[:MOST_OF_A_MAILBOX])


def _links_under(expression: str, fits: Callable[[str], bool]) -> tuple[tuple[int, int], ...] | None:
    """Return the links that an expression names, where they are in few messages; else None."""
    rows = LinkExpression.objects.filter(digest=digest_of(expression)).values_list("message_id", flat=True)
    messages = set(rows[: _FEW + 1])
    if len(messages) > _FEW:
        return None
    links = select_for_keys(
        "SELECT l.message_id, l.number, l.url FROM keys CROSS JOIN records_link l "
        "WHERE l.message_id = keys.m",
        ("m",),
        ((message,) for message in messages),
    )
    return tuple((message, number) for message, number, url in links if fits(url))


def _url_test(expression: str) -> Callable[[str], bool]:
    host, _, path = expression.partition("/")
    if path:
        return lambda url: expression in expressions(url)
    below = f".{host}"

    def names_host(url: str) -> bool:
        found = host_in(url).rstrip(".")
        return found == host or found.endswith(below)

    return names_host


def _walk(query: _Query, start: Cursor | None, number: int) -> tuple[list[Cursor], bool, Cursor | None]:
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
                f"FROM records_event x WHERE {_ALL_TYPES}{after} ORDER BY {_ORDER} LIMIT {chunk}",
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
    query: _Query, keys: Sequence[tuple[int, int]], start: Cursor | None, number: int
) -> list[Cursor]:
    """Return the newest clicks of some copies or links that fit."""
    after, bounds = _before(start)
    url = f", {_URL.replace('x.', 'e.')}" if query.fits is not None else ""
    # A test of the URL comes after the limit: then all of a copy are asked for.
    limit = number if query.fits is None or query.key_column == "link_number" else MOST_EXAMINED
    condition = f"x.message_id = keys.m AND x.{query.key_column} = keys.k AND {query.condition}{after}"
    source = limited_for_keys("records_event", condition, _ORDER, limit)
    parameters = [*query.parameters, *bounds]
    rows = _select_with(f"SELECT e.id, e.at{url} {source}", keys, parameters)
    places = (Cursor(read(row[1]), row[0]) for row in rows if query.fits is None or query.fits(row[2] or ""))
    return heapq.nlargest(number, places)


def _select_with(
    statement: str, keys: Sequence[tuple[int, int]], parameters: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    """Run a SELECT over `keys` that has parameters of its own, in pieces."""
    piece = 10_000
    for start in range(0, len(keys), piece):
        some = keys[start : start + piece]
        values = ", ".join(["(%s, %s)"] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH keys (m, k) AS (VALUES {values}) {statement}",
                [*(part for key in some for part in key), *parameters],
            )
            yield from cursor.fetchall()


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
    copies = {(event.message_id, event.recipient_index) for event in events.values()}
    links = {(event.message_id, event.link_number) for event in events.values()}
    addresses = dict(_addresses(copies))
    urls = dict(_urls(links))
    return tuple(
        Click(
            event=event,
            message=messages.get(event.message_id),
            address=addresses.get((event.message_id, event.recipient_index), ""),
            url=urls.get((event.message_id, event.link_number), ("", ""))[0],
            text=urls.get((event.message_id, event.link_number), ("", ""))[1],
        )
        for pk in pks
        if (event := events.get(pk)) is not None
    )


def _addresses(copies: Iterable[_Pair]) -> Iterator[tuple[_Pair, str]]:
    wanted = [copy for copy in copies if copy[1] not in (None, NO_RECIPIENT)]
    rows = select_for_keys(
        'SELECT r.message_id, r."index", r.address FROM keys CROSS JOIN records_recipient r '
        'WHERE r.message_id = keys.m AND r."index" = keys.k',
        ("m", "k"),
        wanted,
    )
    for message, index, address in rows:
        yield (message, index), address


def _urls(
    links: Iterable[tuple[int, int | None]],
) -> Iterator[tuple[tuple[int, int | None], tuple[str, str]]]:
    wanted = [link for link in links if link[1] is not None]
    rows = select_for_keys(
        "SELECT l.message_id, l.number, l.url, l.text FROM keys CROSS JOIN records_link l "
        "WHERE l.message_id = keys.m AND l.number = keys.k",
        ("m", "k"),
        wanted,
    )
    for message, number, url, text in rows:
        yield (message, number), (url, text)


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
