"""What of the click log is to be shown, as conditions on the rows of clicks."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.events.link_hosts import host_in
from backstamp.records.looking_back.link_expressions import digest_of
from backstamp.records.models import LinkExpression, Recipient, SenderDomain
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.urls.safe_browsing import expressions
from backstamp.vocabulary import PEOPLE, Actor, EventType

_FEW: Final = 2_000
"""Messages up to which it is cheaper to ask each for its clicks."""
MOST_OF_A_MAILBOX: Final = 20_000

ALL_TYPES: Final = "x.type IN ('allowed', 'warned', 'blocked', 'clicked_through')"
"""In the words of the index, so that it is taken."""
_RECEIVED: Final = (
    "(SELECT m.direction FROM records_message m WHERE m.tracking_id = x.message_id) = 'inbound'"
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
class Query:
    """Conditions on `records_event x`, their parameters, and a test of the link's URL."""

    condition: str
    parameters: tuple[Any, ...] = ()
    fits: Callable[[str], bool] | None = None
    keys: tuple[tuple[int, int], ...] | None = None
    key_column: str = "recipient_index"


def query_of(wanted: ClickFilter) -> Query:
    """Return what is asked of the database for a filter."""
    conditions, parameters = [ALL_TYPES, _RECEIVED], list[Any]()
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
    return Query(" AND ".join(conditions), tuple(parameters), fits, keys, column)


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


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
