"""What a message about alerts says, as facts: made when it is sent, so that it says what is known then."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import msgspec
from django.db.models import Count

from backstamp.policy import EVERYBODY
from backstamp.records.alerting.allowances import is_of_mailbox
from backstamp.records.alerting.people import MOST_PEOPLE, people_of
from backstamp.records.alerting.since_judged import machines_since, only_machines
from backstamp.records.database.tracking_ids import to_text
from backstamp.records.models import Alert, AlertPerson, Message, Outgoing
from backstamp.records.outbox.gravity import place_of
from backstamp.vocabulary import AlertRule

MOST_NAMED = 50
"""So many people a message names of each alert; the console shows all that are kept."""
_FEW = 5
"""Where a message tells of several."""


class Act(msgspec.Struct, frozen=True):
    """Somebody's part. `address` is empty where only the message is known; `message` is its tracking id.

    `judged` is the machine (`Actor`) for which a later verdict takes who did it; empty for a person.
    """

    address: str
    act: str
    at: datetime
    message: str
    judged: str = ""


class Allowance(msgspec.Struct, frozen=True):
    """An administrator allows a link since: when, who, and what (an expression of Safe Browsing).

    `scope` is "everybody", "domain" (the alert's), or "mailbox" (of the people of the alert).
    """

    at: datetime
    by: str
    scope: str
    expression: str


class AlertFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An alert. All texts but `rule`, `threat` and `reason` are hostile.

    `people` counts acts by what was done ("received": 12, "clicked": 3), `acts` are the first of them, those
    who did something before those who only received. `subject` is the example message's. `machines_only`:
    by now all who did something are taken for machines. `allowed` is by what an own list allows it since.
    """

    id: int
    rule: AlertRule
    opened_at: datetime
    last_at: datetime
    count: int
    machines: int
    domain: str
    host: str
    url: str
    threat: str
    reason: str
    source: str
    listed_since: datetime | None
    text: str
    message: str
    subject: str
    people: dict[str, int]
    acts: tuple[Act, ...]
    machines_only: bool = False
    allowed: Allowance | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all people are kept: there may have been more otherwise."""
        return sum(self.people.values()) < MOST_PEOPLE


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A message for a channel. `left_out` is how many more alerts there were than it tells of."""

    event_id: str
    kind: Outgoing.Kind
    created_at: datetime
    alerts: tuple[AlertFacts, ...] = ()
    left_out: int = 0


def notice_of(row: Outgoing) -> Notice | None:
    """Return what a message says; None where all its alerts were deleted."""
    alerts = list(
        Alert.objects.filter(pk__in=row.alerts).select_related("allowance").order_by("-opened_at", "-pk")
    )
    alerts.sort(key=lambda alert: place_of(alert.rule))  # of those of one gravity the newest stay first
    if not alerts and row.kind != Outgoing.Kind.TEST:
        return None
    most = _FEW if row.kind == Outgoing.Kind.DIGEST or len(alerts) > 1 else MOST_NAMED
    counts, acts = _people(alerts, most)
    by_machines = only_machines(alert.pk for alert in alerts)
    subjects = dict(
        Message.objects.filter(pk__in=[alert.message_id for alert in alerts]).values_list("pk", "subject")
    )
    return Notice(
        event_id=row.event_id,
        kind=Outgoing.Kind(row.kind),
        created_at=row.created_at,
        alerts=tuple(
            AlertFacts(
                id=alert.pk,
                rule=AlertRule(alert.rule),
                opened_at=alert.opened_at,
                last_at=alert.last_at,
                count=alert.count,
                machines=alert.machines,
                domain=alert.domain,
                host=alert.host,
                url=alert.url,
                threat=alert.threat,
                reason=alert.reason,
                source=alert.source,
                listed_since=alert.listed_since,
                text=alert.text,
                message="" if alert.message_id is None else to_text(alert.message_id),
                subject=subjects.get(alert.message_id or 0, ""),
                people=counts[alert.pk],
                acts=tuple(acts[alert.pk]),
                machines_only=alert.pk in by_machines,
                allowed=allowance_of(alert),
            )
            for alert in alerts
        ),
        left_out=row.left_out,
    )


def allowance_of(alert: Alert) -> Allowance | None:
    """Return how a link is allowed since, or None."""
    entry = alert.allowance
    if entry is None:
        return None
    scope = "everybody" if entry.scope == EVERYBODY else "mailbox" if is_of_mailbox(entry) else "domain"
    return Allowance(entry.since, entry.by, scope, entry.expression)


def _people(alerts: Iterable[Alert], most: int) -> tuple[dict[int, dict[str, int]], dict[int, list[Act]]]:
    pks = [alert.pk for alert in alerts]
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    of_acts = AlertPerson.objects.filter(alert_id__in=pks).order_by()
    for pk, act, number in of_acts.values_list("alert_id", "act").annotate(number=Count("pk")):
        counts[pk][act] = number
    named = {pk: list(people_of(pk)[:most]) for pk in pks}
    judged = machines_since(row for rows in named.values() for row in rows)
    acts = {
        pk: [
            Act(row.address, row.act, row.at, to_text(row.message_id), judged.get(row.pk, "")) for row in rows
        ]
        for pk, rows in named.items()
    }
    return counts, acts
