"""Received mail that is protected: the list of it, and one message with what is held against its links."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db import connection
from django.db.models import Count, Exists, OuterRef, QuerySet

from backstamp.policy.own_entries import NotNamedError, expression_of
from backstamp.records.looking_back.link_expressions import digest_of
from backstamp.records.models import Link, LinkExpression, LinkFinding, Message, Recipient
from backstamp.records.queries.clicks import Click, clicks_of_message
from backstamp.records.queries.keyset import NewestFirst
from backstamp.records.queries.pagination import Asked, Part, part_of, recipients_of
from backstamp.records.queries.search import SEARCH_LIMIT, first_found
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import PEOPLE, Actor, Direction, Origin

PAGE_SIZE: Final = 25
RECIPIENTS_IN_LIST: Final = 3
CLICKS_SHOWN: Final = 50
_FEW: Final = 5_000
"""Messages up to which those with a finding, or a link, are looked up by themselves."""
CLICKS_COUNTED: Final = 20_000
"""Of a message that machines hammer, only so many clicks are counted, whichever these are."""
_ORDER: Final = NewestFirst("queued_at", "tracking_id", highest_first=False)
_CLICKS: Final = (
    "SELECT c.link_number, c.actor, COUNT(*) FROM (SELECT link_number, actor FROM records_event "
    "WHERE message_id = %s AND type IN ('allowed', 'warned', 'blocked', 'clicked_through') AND counts "
    "LIMIT %s) c GROUP BY c.link_number, c.actor"
)


class ReceivedFilter(StrEnum):
    """Which messages a list shows."""

    ALL = "all"
    FOUND = "found"
    UNPROTECTED = "unprotected"


@dataclass(frozen=True)
class ReceivedRow:
    """A message of the list: its first recipients, how many there are, and what its links are held to be."""

    message: Message
    recipients: tuple[str, ...]
    number: int
    threats: tuple[tuple[str, int], ...]

    @property
    def more(self) -> int:
        """How many recipients are not shown."""
        return max(0, self.number - len(self.recipients))


@dataclass(frozen=True)
class ReceivedPage:
    """A page of the list; `older` is the cursor of the next one, or empty."""

    rows: tuple[ReceivedRow, ...]
    older: str


@dataclass(frozen=True)
class GuardedLink:
    """A guarded link, what is held against it, and its clicks: by people, unclear, by machines."""

    link: Link
    findings: tuple[LinkFinding, ...]
    people: int
    unclear: int
    machines: int

    @property
    def threats(self) -> tuple[str, ...]:
        """What it is held to be (`ThreatType`), each once."""
        return tuple(dict.fromkeys(finding.threat for finding in self.findings))


@dataclass(frozen=True)
class ReceivedDetail:
    """All that the page of one received message shows.

    `together` says that its recipients got the same links, for it came by milter: clicks name none of them.
    `all_counted` is false where it may have more clicks than those that the links show.
    """

    message: Message
    recipients: Part[Recipient]
    links: tuple[GuardedLink, ...]
    link_part: Part[Link]
    clicks: tuple[Click, ...]
    all_counted: bool

    @property
    def number(self) -> int:
        """How many recipients there are."""
        return self.recipients.page.paginator.count

    @property
    def together(self) -> bool:
        """Whether clicks cannot be told apart."""
        return self.message.origin == Origin.MILTER and self.number > 1

    @property
    def unprotected(self) -> tuple[str, ...]:
        """Why some links could not be guarded (`rewriting.SkipReason`)."""
        return tuple(self.message.unprotected.split())


def received_page(
    *,
    which: ReceivedFilter = ReceivedFilter.ALL,
    search: str = "",
    before: str = "",
    size: int = PAGE_SIZE,
) -> ReceivedPage:
    """Return the newest received messages that fit, at most `size`.

    `search` are words of subject, sender, recipients or Message-ID, or a host or URL to which they have a
    link. `before` is the `older` of a former page. Raises `ValueError` for a cursor that is none.
    """
    received = Message.objects.filter(direction=Direction.INBOUND.value)
    messages = _ORDER.rows(_filtered(received, which), before)
    if search:
        words = search[:SEARCH_LIMIT].lower()
        found = {*first_found(messages, words, size + 1), *_with_link(messages, search, size + 1)}
        messages = messages.filter(pk__in=found)
    shown, older = _ORDER.page(list(messages.defer("manifest")[: size + 1]), size)
    return ReceivedPage(tuple(_rows(shown)), older)


def _with_link(messages: QuerySet[Message], text: str, number: int) -> list[int]:
    """Return the first messages that have a link to a host or URL; none where the text names neither."""
    try:
        digest = digest_of(expression_of(text))
    except NotNamedError:
        return []
    links = LinkExpression.objects.filter(digest=digest)
    few = set(links.values_list("message_id", flat=True)[: _FEW + 1])
    if len(few) <= _FEW:
        found = messages.filter(pk__in=few)
    else:
        found = messages.filter(Exists(links.filter(message_id=OuterRef("pk"))))
    return list(found.values_list("pk", flat=True)[:number])


def received_detail(message: Message, asked: Asked) -> ReceivedDetail:
    """Return everything about one received message."""
    findings: dict[int, list[LinkFinding]] = {}
    for finding in message.findings.order_by("found_at", "pk"):
        findings.setdefault(finding.number, []).append(finding)
    clicks = _counted_clicks(message)
    links = part_of(message.links.order_by("number"), asked.links)
    return ReceivedDetail(
        message=message,
        recipients=part_of(recipients_of(message), asked.recipients),
        links=tuple(
            GuardedLink(
                link,
                tuple(findings.get(link.number, ())),
                people=clicks[link.number, "people"],
                unclear=clicks[link.number, "unclear"],
                machines=clicks[link.number, "machines"],
            )
            for link in links.rows
        ),
        link_part=links,
        clicks=clicks_of_message(message.pk, CLICKS_SHOWN),
        all_counted=clicks.total() < CLICKS_COUNTED,
    )


def _filtered(messages: QuerySet[Message], which: ReceivedFilter) -> QuerySet[Message]:
    match which:
        case ReceivedFilter.ALL:
            return messages
        case ReceivedFilter.UNPROTECTED:
            return messages.exclude(unprotected="")
        case ReceivedFilter.FOUND:
            found = LinkFinding.objects.order_by().values_list("message_id", flat=True).distinct()
            few = list(found[: _FEW + 1])
            if len(few) <= _FEW:
                return messages.filter(pk__in=few)
            return messages.filter(Exists(LinkFinding.objects.filter(message_id=OuterRef("pk"))))


def _rows(messages: list[Message]) -> Iterable[ReceivedRow]:
    keys = [message.pk for message in messages]
    first: dict[int, list[str]] = {key: [] for key in keys}
    rows = Recipient.objects.filter(message__in=keys).exclude(index=NO_RECIPIENT)
    for key, address in rows.filter(index__lt=RECIPIENTS_IN_LIST).values_list("message_id", "address"):
        first[key].append(address)
    numbers = dict(rows.order_by().values_list("message_id").annotate(Count("pk")))
    threats: dict[int, list[tuple[str, int]]] = {}
    counted = (
        LinkFinding.objects.filter(message__in=keys)
        .order_by("threat")
        .values_list("message_id", "threat")
        .annotate(Count("number", distinct=True))
    )
    for key, threat, links in counted:
        threats.setdefault(key, []).append((threat, links))
    for message in messages:
        key = message.pk
        yield ReceivedRow(message, tuple(first[key]), numbers.get(key, 0), tuple(threats.get(key, ())))


def _counted_clicks(message: Message) -> Counter[tuple[int, str]]:
    counted: Counter[tuple[int, str]] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(_CLICKS, [message.pk, CLICKS_COUNTED])
        for number, actor, clicks in cursor.fetchall():
            who = "people" if actor in PEOPLE else "unclear" if actor == Actor.UNKNOWN else "machines"
            counted[number, who] += clicks
    return counted
