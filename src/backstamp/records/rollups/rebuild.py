"""Make everything again that is kept in step with the events: `backstamp rollups rebuild`."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from django.db.models import Count

from backstamp.records.database.batched import batched
from backstamp.records.database.instants import LATEST_US, zone
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.events import tally
from backstamp.records.events.message_rows import search_text
from backstamp.records.events.stored_hits import FETCHES
from backstamp.records.memory.cards import TROUBLES
from backstamp.records.memory.today import Memory
from backstamp.records.models import Event, Link, Message, MessageRollup, MessageText, Recipient
from backstamp.records.rollups import standing
from backstamp.records.rollups.changes import next_version
from backstamp.records.rollups.day_counts import count_anew
from backstamp.vocabulary import Direction

_SLICE: Final = 500
"""Messages that one transaction makes again, so that ingest never waits long for the database."""


def rebuild(progress: Callable[[int], None] = lambda done: None) -> int:
    """Make the roll-ups of all messages and days again; return how many messages there are.

    `progress` is told how many messages are done. Ingest may go on meanwhile; while the days are counted
    it waits.
    """
    done = 0
    for keys in batched(list(Message.objects.order_by("pk").values_list("pk", flat=True)), _SLICE):
        rebuild_messages(keys)
        done += len(keys)
        progress(done)
    count_anew()
    return done


def fill_in_missing() -> int:
    """Make the roll-ups of messages that have none (of an earlier version); return how many."""
    sent = Message.objects.filter(rollup__isnull=True, direction=Direction.OUTBOUND)
    missing = sent.order_by("pk").values_list("pk", flat=True)
    done = 0
    while keys := list(missing[:_SLICE]):
        rebuild_messages(keys)
        done += len(keys)
    if done:
        count_anew()
    return done


@one_at_a_time()
def rebuild_messages(keys: Sequence[int]) -> None:
    """Make the roll-ups of these messages and of their recipients again."""
    memory = Memory()
    cards = memory.cards(keys)
    pairs = list(Recipient.objects.filter(message__in=keys).values_list("message_id", "index"))
    deliveries = standing.all_said(pairs)
    behind = zone()
    standing.write_deliveries(
        (*standing.delivery_of(found, behind)[2], *pair) for pair, found in deliveries.items()
    )
    groups = memory.groups(dict.fromkeys(pairs, LATEST_US))
    standing.write_hits(
        (*standing.hits_of(group, cards[pair[0]].opens_tracked, behind), *pair)
        for pair, group in groups.items()
    )
    rebuild_totals(keys)


@one_at_a_time()
def rebuild_totals(keys: Sequence[int]) -> None:
    """Make the roll-ups of these messages again from what is said of their recipients."""
    version = next_version()
    tallies = _tallies(keys)
    counts = _counts(keys)
    sent = Message.objects.filter(pk__in=keys, direction=Direction.OUTBOUND)
    for message in sent.defer("manifest"):
        opened, clicked, troubled = counts[message.pk]
        MessageRollup.objects.update_or_create(
            message_id=message.pk,
            defaults={
                "queued_at": message.queued_at,
                "opens_tracked": message.opens_tracked,
                "untracked": not message.opens_tracked and not message.links_tracked,
                "opened": opened,
                "clicked": clicked,
                "troubled": troubled,
                "version": version,
                "tally": tally.encode(tallies[message.pk]),
            },
        )
    _write_texts(keys)


def _tallies(keys: Sequence[int]) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = {key: Counter() for key in keys}
    fetches = Event.objects.filter(message__in=keys, type__in=FETCHES, recipient_index__isnull=False)
    grouped = fetches.order_by().values_list("message_id", "type", "actor", "counts", "link_number")
    for message, type_, actor, counts, link, number in grouped.annotate(number=Count("pk")):
        found[message][tally.key(type_, actor, counts, link)] += number
    return found


def _counts(keys: Sequence[int]) -> dict[int, tuple[int, int, int]]:
    counts = dict.fromkeys(keys, (0, 0, 0))
    rows = Recipient.objects.filter(message__in=keys).values_list(
        "message_id", "opened_at", "clicked_at", "delivery"
    )
    for message, opened_at, clicked_at, delivery in rows:
        opened, clicked, troubled = counts[message]
        counts[message] = (
            opened + (opened_at is not None),
            clicked + (clicked_at is not None),
            troubled + (delivery in TROUBLES),
        )
    return counts


def _write_texts(keys: Sequence[int]) -> None:
    addresses: dict[int, list[str]] = {key: [] for key in keys}
    recipients = Recipient.objects.filter(message__in=keys).exclude(address="").order_by("message", "index")
    for message, address in recipients.values_list("message_id", "address"):
        addresses[message].append(address)
    urls: dict[int, list[str]] = {key: [] for key in keys}
    links = Link.objects.filter(message__in=keys, message__direction=Direction.OUTBOUND.value)
    for message, url in links.order_by("message", "number").values_list("message_id", "url"):
        urls[message].append(url)
    for key, subject, sender, message_id in Message.objects.filter(pk__in=keys).values_list(
        "pk", "subject", "sender", "message_id"
    ):
        text = search_text(subject, sender, message_id, addresses[key], urls[key])
        MessageText.objects.update_or_create(message_id=key, defaults={"text": text})
