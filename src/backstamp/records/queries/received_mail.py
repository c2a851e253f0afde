"""Received mail that is protected: the list of it, and one message with what is held against its links."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db.models import Count, Exists, OuterRef, QuerySet

from backstamp.policy.own_entries import NotNamedError, expression_of
from backstamp.records.database.keyed_selects import limited_for_keys, select_for_keys
from backstamp.records.looking_back.link_expressions import digest_of
from backstamp.records.models import Link, LinkExpression, LinkFinding, Message, Recipient
from backstamp.records.queries.clicks import Click, clicks_of_message
from backstamp.records.queries.keyset import NewestFirst
from backstamp.records.queries.pagination import Asked, Part, part_of, recipients_of
from backstamp.records.queries.search import SEARCH_LIMIT, first_found
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import PEOPLE, Actor, Direction, EventType, Origin

PAGE_SIZE: Final = 25
RECIPIENTS_IN_LIST: Final = 3
CLICKS_SHOWN: Final = 50
_FEW: Final = 5_000
"""Messages up to which those with a finding, or a link, are looked up by themselves."""
CLICKS_COUNTED: Final = 20_000
"""Of a message that machines hammer, only so many clicks are counted, whichever these are."""
CLICKS_COUNTED_IN_LIST: Final = 1_000
_ORDER: Final = NewestFirst("queued_at", "tracking_id", highest_first=False)
_CLICKS: Final = (
    "x.message_id = keys.m AND x.type IN ('allowed', 'warned', 'blocked', 'clicked_through') AND x.counts"
)
_STOPPED: Final = frozenset({EventType.WARNED.value, EventType.BLOCKED.value})


class ReceivedFilter(StrEnum):
    """Which messages a list shows."""

    ALL = "all"
    FOUND = "found"
    UNPROTECTED = "unprotected"


@dataclass
class Clicks:
    """Clicks counted by who made them.

    Of those by people, `stopped` met a page that blocks or warns; of the unclear ones `unclear_led_on` did
    not.
    """

    people: int = 0
    stopped: int = 0
    unclear: int = 0
    unclear_led_on: int = 0
    machines: int = 0

    @property
    def all(self) -> int:
        """All of them."""
        return self.people + self.others

    @property
    def others(self) -> int:
        """Those that are not known to be by people."""
        return self.unclear + self.machines

    @property
    def led_on(self) -> int:
        """Those by people that led to the link's target."""
        return self.people - self.stopped

    def add(self, type_: str, actor: str, number: int) -> None:
        """Count so many clicks of an event's type by an actor."""
        if actor in PEOPLE:
            self.people += number
            self.stopped += number if type_ in _STOPPED else 0
        elif actor == Actor.UNKNOWN:
            self.unclear += number
            self.unclear_led_on += 0 if type_ in _STOPPED else number
        else:
            self.machines += number


@dataclass(frozen=True)
class ReceivedRow:
    """A message of the list: its first recipients, how many there are, what its links are held to be, and
    their clicks, at most `CLICKS_COUNTED_IN_LIST`.
    """

    message: Message
    recipients: tuple[str, ...]
    number: int
    threats: tuple[tuple[str, int], ...]
    clicks: Clicks

    @property
    def more(self) -> int:
        """How many recipients are not shown."""
        return max(0, self.number - len(self.recipients))

    @property
    def all_counted(self) -> bool:
        """Whether it has no more clicks than those that were counted."""
        return self.clicks.all < CLICKS_COUNTED_IN_LIST


@dataclass(frozen=True)
class ReceivedPage:
    """A page of the list; `older` is the cursor of the next one, or empty."""

    rows: tuple[ReceivedRow, ...]
    older: str


@dataclass(frozen=True)
class GuardedLink:
    """A guarded link, what is held against it, and its clicks."""

    link: Link
    findings: tuple[LinkFinding, ...]
    clicks: Clicks

    @property
    def threats(self) -> tuple[str, ...]:
        """What it is held to be (`ThreatType`), each once."""
        return tuple(dict.fromkeys(finding.threat for finding in self.findings))


@dataclass(frozen=True)
class ReceivedDetail:
    """All that the page of one received message shows.

    `together` says that its recipients got the same links, for it came by milter: clicks name none of them.
    `threats` are what any of its links are held to be, with the number of these; `clicks` those of all links,
    `found_clicks` of links that something is held against. `all_counted` is false where it may have more.
    """

    message: Message
    recipients: Part[Recipient]
    links: tuple[GuardedLink, ...]
    link_part: Part[Link]
    threats: tuple[tuple[str, int], ...]
    clicks: Clicks
    found_clicks: Clicks
    newest_clicks: tuple[Click, ...]
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
    counted = _counted_clicks([message.pk], CLICKS_COUNTED)
    of_links: defaultdict[int | None, Clicks] = defaultdict(Clicks)
    whole, found = Clicks(), Clicks()
    for _, number, type_, actor, clicks in counted:
        for tally in (whole, of_links[number], *([found] if number in findings else [])):
            tally.add(type_, actor, clicks)
    links = part_of(message.links.order_by("number"), asked.links)
    return ReceivedDetail(
        message=message,
        recipients=part_of(recipients_of(message), asked.recipients),
        links=tuple(
            GuardedLink(link, tuple(findings.get(link.number, ())), of_links[link.number])
            for link in links.rows
        ),
        link_part=links,
        threats=_threats([message.pk]).get(message.pk, ()),
        clicks=whole,
        found_clicks=found,
        newest_clicks=clicks_of_message(message.pk, CLICKS_SHOWN),
        all_counted=whole.all < CLICKS_COUNTED,
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
    threats = _threats(keys)
    clicks: defaultdict[int, Clicks] = defaultdict(Clicks)
    for key, _, type_, actor, number in _counted_clicks(keys, CLICKS_COUNTED_IN_LIST):
        clicks[key].add(type_, actor, number)
    for message in messages:
        key = message.pk
        yield ReceivedRow(message, tuple(first[key]), numbers.get(key, 0), threats.get(key, ()), clicks[key])


def _threats(messages: Sequence[int]) -> dict[int, tuple[tuple[str, int], ...]]:
    """Return what links of messages are held to be, with the number of these links."""
    threats: dict[int, tuple[tuple[str, int], ...]] = {}
    counted = (
        LinkFinding.objects.filter(message__in=messages)
        .order_by("threat")
        .values_list("message_id", "threat")
        .annotate(Count("number", distinct=True))
    )
    for key, threat, links in counted:
        threats[key] = (*threats.get(key, ()), (threat, links))
    return threats


def _counted_clicks(messages: Sequence[int], most: int) -> Iterator[tuple[int, int | None, str, str, int]]:
    """Yield message, link, type, actor and number of clicks, of which `most` of a message are counted."""
    some = limited_for_keys("records_event", _CLICKS, "x.recipient_index, x.at", most)
    yield from select_for_keys(
        f"SELECT e.message_id, e.link_number, e.type, e.actor, COUNT(*) {some} "
        "GROUP BY e.message_id, e.link_number, e.type, e.actor",
        ("m",),
        ((key,) for key in messages),
    )
