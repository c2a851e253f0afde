"""The outbox: what waits for each channel, what is due, and what became of it.

Written where alerts are raised, in their transaction; delivered by the worker, at least once.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping, Set
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec
from django.db.models import Count, F, Q, TextField
from django.db.models.functions import Cast

from backstamp.records.models import Alert, Channel, Outgoing
from backstamp.records.outbox.gravity import place_of
from backstamp.vocabulary import ChannelKind

MOST_SINGLE: Final = {ChannelKind.MAIL: 10, ChannelKind.SLACK: 10, ChannelKind.WEBHOOK: 100}
"""So many messages of their own a channel gets within `RATE_TIME`; what is beyond comes in digests. People
read no more; a program behind a webhook is to know of each at once."""
RATE_TIME: Final = timedelta(minutes=10)
DIGEST_TIME: Final = timedelta(minutes=10)
"""After the first alert in it a digest is sent."""
MOST_IN_DIGEST: Final = 200
GIVE_UP: Final = timedelta(hours=24)
"""A message that could not be delivered for so long is given up."""
FEWEST_FAILURES: Final = 8
"""But not before its channel has failed so often in a row, for ten minutes or so, or the message itself so
often, while others arrive: the worker itself may have been away all day, or the clock have jumped."""
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=1)
"""After the first failure of a message, doubled after each further one up to this."""
LONGEST_REST: Final = timedelta(minutes=5)
"""A channel that fails rests as long as a message after as many failures does, but no longer than this: it
may be well again, and what it does not like may be a single message."""
_FARTHEST: Final = 2 * LONGEST_PAUSE
"""Nothing is put off for longer: what is due later than that was noted by a clock that was wrong."""
_MOST_DOUBLINGS: Final = 20
_ILL: Final = 2
"""So many failures in a row are the channel's; one may be of a message, which its firewall does not like."""
_WAITING: Final = Outgoing.State.WAITING
_numbers: Final = msgspec.json.Decoder(list[int]).decode


def enqueue(
    channel: Channel,
    alerts: Collection[int],
    kind: Outgoing.Kind,
    now: datetime,
    delay: timedelta = timedelta(),
) -> None:
    """Let a channel be told of alerts: each in a message of its own, or in a digest above the rate.

    `delay` is for how long more of the same may come. An alert that waits already is not told twice.
    """
    new, waiting, room = _news(channel, alerts, now)
    Outgoing.objects.bulk_create(_row(channel.pk, kind, [pk], now, now + delay) for pk in new[:room])
    if rest := new[room:]:
        _digest(channel.pk, rest, waiting, now)


def enqueue_together(channel: Channel, alerts: Collection[int], now: datetime) -> None:
    """Let a channel be told once more of alerts, in one message; in a digest above the rate."""
    new, waiting, room = _news(channel, alerts, now)
    if new and not room:
        _digest(channel.pk, new, waiting, now)
    elif new:
        row = _row(channel.pk, Outgoing.Kind.UPDATE, new[:MOST_IN_DIGEST], now, now)
        row.left_out = len(new[MOST_IN_DIGEST:])
        row.save()


def _news(channel: Channel, alerts: Iterable[int], now: datetime) -> tuple[list[int], list[Outgoing], int]:
    """Return which of alerts do not wait for a channel, what of them does, and for how many messages there is
    room; what waits has digests, too.
    """
    waiting = _waiting(channel, set(alerts))
    there = {pk for row in waiting for pk in row.alerts}
    new = [pk for pk in dict.fromkeys(alerts) if pk not in there]
    lately = (
        Outgoing.objects.filter(channel=channel, created_at__gt=now - RATE_TIME, created_at__lte=now)
        .exclude(kind__in=(Outgoing.Kind.DIGEST, Outgoing.Kind.TEST))
        .count()
    )
    return new, waiting, max(0, MOST_SINGLE[ChannelKind(channel.kind)] - lately)


def enqueue_test(channel: int, now: datetime) -> None:
    """Let a channel be tried, at once also where it rests."""
    Channel.objects.filter(pk=channel).update(rests_until=None)
    _row(channel, Outgoing.Kind.TEST, [], now, now).save()


def new_event_id() -> str:
    """Return an id that no other message has."""
    return f"msg_{secrets.token_hex(16)}"


def waiting(channel: Channel) -> int:
    """Return how many messages wait for a channel."""
    return Outgoing.objects.filter(channel=channel).exclude(finished_at__isnull=False).count()


class ChannelStanding(msgspec.Struct, frozen=True):
    """How many messages wait and were given up, and for how long the channel has failed."""

    channel: str
    waiting: int
    given_up: int
    failing_seconds: float


def standings(now: datetime) -> list[ChannelStanding]:
    """Return how it stands with each channel, by name."""
    unfinished = Q(outgoing__finished_at__isnull=True, outgoing__isnull=False)
    given_up = Q(outgoing__state=Outgoing.State.GIVEN_UP)
    rows = Channel.objects.annotate(
        waiting=Count("outgoing", filter=unfinished), given_up=Count("outgoing", filter=given_up)
    )
    return [
        ChannelStanding(
            row.name,
            row.waiting,
            row.given_up,
            (now - row.failing_since).total_seconds() if row.failing_since is not None else 0.0,
        )
        for row in rows.order_by("name")
    ]


def recover() -> None:
    """Let what was being sent when the worker ended be sent again: perhaps it did not arrive."""
    Outgoing.objects.filter(state=Outgoing.State.SENDING).update(state=_WAITING)


def due(now: datetime, busy: Iterable[int], limit: int) -> list[Outgoing]:
    """Return what is to be sent now, the oldest first, but nothing for channels that rest or are `busy`."""
    is_due = Q(due_at__lte=now) | Q(due_at__gt=now + _FARTHEST)
    rests = Q(channel__rests_until__gt=now, channel__rests_until__lte=now + _FARTHEST)
    rows = Outgoing.objects.filter(is_due, state=_WAITING, channel__enabled=True).exclude(rests)
    rows = rows.exclude(channel_id__in=list(busy)).select_related("channel")
    return list(rows.order_by("pk")[:limit])


def claim(row: Outgoing) -> bool:
    """Take a message to send it; return whether it is still there to be sent."""
    claimed = Outgoing.objects.filter(pk=row.pk, state=_WAITING)
    return claimed.update(state=Outgoing.State.SENDING, attempts=F("attempts") + 1) == 1


def delivered(row: Outgoing, told: Mapping[int, int], now: datetime) -> bool:
    """Note that a channel has a message, which said how often each alert (`told`) had happened.

    Returns whether others of its messages, which were put off, are due by that: perhaps older ones.
    """
    _finish(row, Outgoing.State.DELIVERED, "", now)
    channel = Channel.objects.filter(pk=row.channel_id)
    woken = 0
    if channel.filter(failures__gte=_ILL):
        # It is well again: what it did not take while it was not is not put off any longer.
        tried = Outgoing.objects.filter(channel_id=row.channel_id, state=_WAITING, attempts__gt=0)
        woken = tried.update(due_at=now)
    channel.update(delivered_at=now, failing_since=None, last_failure="", failures=0, rests_until=None)
    for pk, count in told.items():
        Alert.objects.filter(pk=pk, told__lt=count).update(told=count)
    return bool(woken)


class Failure(NamedTuple):
    """What follows of a failure: whether the message is given up, and whether its channel is to rest."""

    given_up: bool
    rests: bool


def failed(
    row: Outgoing, why: str, now: datetime, *, permanent: bool, jitter: float, least: float = 0.0
) -> Failure:
    """Note that a message did not arrive.

    The message is put off; its channel rests where the one before it did not arrive either, or where it asks
    for that.

    Args:
        row: as `due` gave it.
        why: half a line, without what the other side said.
        now: aware UTC.
        permanent: there is no use in trying again.
        jitter: a number from 0 to 1; so much is added of a fifth of the pause.
        least: seconds for which the other side wants to be left alone.
    """
    asked_for = timedelta(seconds=min(least, LONGEST_PAUSE.total_seconds()))
    channel = Channel.objects.get(pk=row.channel_id)
    channel.failures, channel.last_failure = channel.failures + 1, why[:200]
    channel.failing_since = channel.failing_since or now
    rest = asked_for
    if channel.failures >= _ILL:
        rest = max(min(_pause(channel.failures - _ILL, jitter), LONGEST_REST), asked_for)
    channel.rests_until = now + rest if rest else None
    channel.save(update_fields=["failures", "last_failure", "failing_since", "rests_until"])
    failures = max(channel.failures, row.attempts + 1)
    is_over = now - row.created_at > GIVE_UP and failures >= FEWEST_FAILURES
    given_up = permanent or is_over
    if given_up:
        _finish(row, Outgoing.State.GIVEN_UP, why, now)
    else:
        due_at = now + max(_pause(row.attempts, jitter), asked_for)
        Outgoing.objects.filter(pk=row.pk).update(state=_WAITING, due_at=due_at, last_error=why[:200])
    return Failure(given_up, rests=bool(rest))


def drop(row: Outgoing) -> None:
    """Forget a message that has nothing to say any more: its alerts were deleted."""
    Outgoing.objects.filter(pk=row.pk).delete()


def switch_off(row: Outgoing) -> None:
    """Send nothing to a channel any more: it says that it is gone for good. What waits stays waiting."""
    Channel.objects.filter(pk=row.channel_id).update(enabled=False)


def _pause(failures: int, jitter: float) -> timedelta:
    """Return for how long to wait after so many failures before this one."""
    return min(FIRST_PAUSE * (1 << min(failures, _MOST_DOUBLINGS)), LONGEST_PAUSE) * (1 + jitter / 5)


def _finish(row: Outgoing, state: Outgoing.State, error: str, now: datetime) -> None:
    Outgoing.objects.filter(pk=row.pk).update(state=state, last_error=error[:200], finished_at=now)


def _waiting(channel: Channel, alerts: Set[int]) -> list[Outgoing]:
    """Return the messages that wait for a channel and tell of some alerts, and its digests; nobody takes them
    before the transaction ends.

    For a channel that was away all day 14,400 may wait: to make objects of all took 235 ms of each batch.
    """
    rows = Outgoing.objects.filter(channel=channel, state=_WAITING).order_by()
    spelled = rows.values_list("pk", "kind", Cast("alerts", TextField()))
    wanted = [
        pk
        for pk, kind, text in spelled.iterator()
        if kind == Outgoing.Kind.DIGEST or not alerts.isdisjoint(_numbers(text))
    ]
    return list(rows.select_for_update().filter(pk__in=wanted))


def _digest(channel: int, alerts: list[int], waiting: Iterable[Outgoing], now: datetime) -> None:
    """Put alerts into the digest that waits, or into a new one."""
    open_ = [row for row in waiting if row.kind == Outgoing.Kind.DIGEST and not row.attempts]
    row = open_[0] if open_ else _row(channel, Outgoing.Kind.DIGEST, [], now, now + DIGEST_TIME)
    together = [*row.alerts, *alerts]
    if len(together) > MOST_IN_DIGEST:
        rules = dict(Alert.objects.filter(pk__in=together).values_list("pk", "rule"))
        together = sorted((pk for pk in together if pk in rules), key=lambda pk: place_of(rules[pk]))
    row.alerts, row.left_out = together[:MOST_IN_DIGEST], row.left_out + len(together[MOST_IN_DIGEST:])
    row.save()


def _row(channel: int, kind: Outgoing.Kind, alerts: list[int], now: datetime, due_at: datetime) -> Outgoing:
    return Outgoing(
        channel_id=channel,
        kind=kind,
        event_id=new_event_id(),
        alerts=alerts,
        created_at=now,
        due_at=due_at,
    )
