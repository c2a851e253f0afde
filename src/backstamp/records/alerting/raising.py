"""Occurrences become alerts: the same story once, with a count; and what is new is put into the outbox.

All of it belongs to the transaction in which the occurrences became known: no alert is lost, none doubled.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F, Q

from backstamp.records.alerting.occurrences import Occurrence
from backstamp.records.alerting.people import keep_people
from backstamp.records.alerting.rules import Rule, rules
from backstamp.records.database.instants import instant
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.database.texts import clean
from backstamp.records.models import Alert, Channel, Outgoing
from backstamp.records.outbox.entries import enqueue, enqueue_together
from backstamp.vocabulary import AlertRule

SAME_STORY: Final = timedelta(hours=1)
"""What happens to the same host in the same domain within this time counts with the alert that is there;
where it went on, channels hear so at its end."""
_FARTHEST: Final = 2 * SAME_STORY
"""No story is open for longer: one that seems to be was told by a clock that was wrong."""
GATHERING: Final = timedelta(seconds=2)
"""So long a message about older mail waits for what else is found: it comes in pages."""
MOST_GROWN: Final = 100

_LOOKED_BACK: Final = frozenset({AlertRule.RECEIVED_BEFORE, AlertRule.CLICKED_BEFORE})


def is_open(now: datetime) -> Q:
    """Return the condition on alerts into which more of the same counts at this moment."""
    return Q(quiet_until__gt=now, quiet_until__lte=now + _FARTHEST)


def raise_alerts(occurrences: Iterable[Occurrence], now: datetime) -> int:
    """Raise alerts for occurrences that a rule wants, or count them with alerts that are there.

    Call it inside the transaction that makes them known. Returns how many alerts are new.
    """
    stories: dict[str, list[Occurrence]] = {}
    in_force: Mapping[AlertRule, Rule] | None = None
    for each in occurrences:
        in_force = rules() if in_force is None else in_force
        if in_force[each.rule].is_about(each.domain):
            stories.setdefault(_key(each), []).append(each)
    if not stories or in_force is None:
        return 0
    open_ = {
        alert.key: alert
        for alert in Alert.objects.select_for_update()
        .filter(is_open(now), key__in=list(stories))
        .order_by("pk")
    }
    new, worse = [], []
    for key, story in stories.items():
        alert = open_.get(key)
        if alert is None:
            new.append(_new(key, story, now))
            continue
        rule = alert.rule
        _add(alert, story)
        if alert.rule != rule:
            worse.append(alert)
        alert.save()
    Alert.objects.bulk_create(new, batch_size=500)
    keep_people({alert.pk: stories[alert.key] for alert in (*open_.values(), *new)})
    _tell(new, Outgoing.Kind.ALERT, in_force, now)
    _tell(worse, Outgoing.Kind.UPDATE, in_force, now)
    return len(new)


def tell_again(alerts: Iterable[Alert], now: datetime) -> int:
    """Let channels hear of alerts once more, by the rules as they are now; return of how many.

    Call it inside a transaction. What waits for a channel is not told twice: it is made when it is sent.
    """
    told, in_force = _in_force_for(alerts)
    _tell(told, Outgoing.Kind.UPDATE, in_force, now)
    return len(told)


def tell_together(alerts: Iterable[Alert], now: datetime) -> int:
    """As `tell_again`, of all in one message to each channel."""
    told, in_force = _in_force_for(alerts)
    for channel, pks in _wanted(told, in_force).items():
        enqueue_together(channel, pks, now)
    return len(told)


def _in_force_for(alerts: Iterable[Alert]) -> tuple[list[Alert], Mapping[AlertRule, Rule]]:
    in_force = rules()
    return [each for each in alerts if in_force[AlertRule(each.rule)].is_about(each.domain)], in_force


@one_at_a_time()
def tell_grown(now: datetime) -> int:
    """Let channels hear of alerts that went on after they were told; return of how many."""
    is_over = Q(quiet_until__lte=now) | Q(quiet_until__gt=now + _FARTHEST)
    went_on = Alert.objects.filter(is_over, count__gt=F("told"))
    grown = list(went_on.select_for_update().order_by("quiet_until")[:MOST_GROWN])
    for alert in grown:
        alert.told, alert.quiet_until = alert.count, now + SAME_STORY
        alert.save(update_fields=["told", "quiet_until"])
    if grown:
        _tell(grown, Outgoing.Kind.UPDATE, rules(), now)
    return len(grown)


def _key(occurrence: Occurrence) -> str:
    """Return what says that two occurrences are one story."""
    rule = "looked_back" if occurrence.rule in _LOOKED_BACK else occurrence.rule.value
    story = "\0".join((rule, occurrence.domain, occurrence.host)).encode("utf-8", "replace")
    return hashlib.blake2b(story, digest_size=16).hexdigest()


def _new(key: str, story: list[Occurrence], now: datetime) -> Alert:
    story = sorted(story, key=lambda each: each.at_us)
    first = story[0]
    at = instant(first.at_us)
    alert = Alert(
        rule=first.rule.value,
        key=key,
        domain=clean(first.domain, 255),
        host=clean(first.host, 255),
        url=clean(first.url, 4000),
        message_id=first.message,
        opened_at=at,
        last_at=at,
        quiet_until=now + SAME_STORY,
    )
    _add(alert, story)
    alert.told = alert.count
    return alert


def _add(alert: Alert, story: Iterable[Occurrence]) -> None:
    for each in story:
        # A reader's reason for going on comes before the hit, which alone says what spoke against the link.
        if each.reason and not alert.reason:
            alert.threat = each.threat
            alert.reason = clean(each.reason, 48)
            alert.source = clean(each.source, 64)
            alert.listed_since = instant(each.since_us) if each.since_us else None
        alert.count += each.count
        alert.machines += each.machines
        alert.text = alert.text or clean(each.text, 1000)
        alert.last_at = max(alert.last_at, instant(each.at_us))
        if each.rule is AlertRule.CLICKED_BEFORE:
            alert.rule = each.rule.value


def _tell(
    alerts: Iterable[Alert], kind: Outgoing.Kind, in_force: Mapping[AlertRule, Rule], now: datetime
) -> None:
    told = list(alerts)
    delay = GATHERING if any(alert.rule in _LOOKED_BACK for alert in told) else timedelta()
    for channel, pks in _wanted(told, in_force).items():
        enqueue(channel, pks, kind, now, delay)


def _wanted(alerts: Collection[Alert], in_force: Mapping[AlertRule, Rule]) -> dict[Channel, list[int]]:
    """Return which alerts each channel is to hear of."""
    wanted: dict[Channel, list[int]] = {}
    channels = list(Channel.objects.filter(enabled=True)) if alerts else []
    for alert in alerts:
        rule = in_force[AlertRule(alert.rule)]
        for channel in channels:
            if not rule.channels or channel.name in rule.channels:
                wanted.setdefault(channel, []).append(alert.pk)
    return wanted
