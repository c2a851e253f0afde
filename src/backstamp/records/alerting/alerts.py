"""Alerts as administrators see them: the rules and how they are set, what was raised, and its end.

For forms and the command line. What raises alerts is in `alerting`.
"""

from datetime import datetime
from typing import Final

import msgspec
from django.db import transaction
from django.db.models import QuerySet

from backstamp.records.administration.refusals import RefusedError
from backstamp.records.administration.sender_domains import domain_name
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.models import (
    Alert,
    AlertPerson,
    AlertSetting,
    Channel,
    ClickedHost,
    ClickedHostPerson,
    Outgoing,
    Recipient,
)
from backstamp.vocabulary import AlertRule

MOST_DOMAINS: Final = 1000
WITHIN_MINUTES: Final = range(1, 24 * 60 + 1)
"""What `within_minutes` may be: people are counted for a day at most."""
_SLICE: Final = 500


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """How a rule is set.

    `domains` (lower case) are those that it is about, `channels` the names of those that hear of it; none are
    all. `threshold` people `within_minutes` are of `NEW_HOST` alone.
    """

    rule: AlertRule
    enabled: bool = True
    threshold: int = 0
    within_minutes: int = 0
    domains: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def is_about(self, domain: str) -> bool:
        """Whether the rule is on, for this domain."""
        return self.enabled and (not self.domains or domain in self.domains)


DEFAULTS: Final = {
    rule: Rule(
        rule=rule,
        # Mail with listed links comes all day, and is marked; that it came is news to few.
        enabled=rule is not AlertRule.KNOWN_BAD_ARRIVED,
        threshold=10 if rule is AlertRule.NEW_HOST else 0,
        within_minutes=60 if rule is AlertRule.NEW_HOST else 0,
    )
    for rule in AlertRule
}


def rules() -> dict[AlertRule, Rule]:
    """Return how every rule is set."""
    rows = AlertSetting.objects.prefetch_related("channels")
    return DEFAULTS | {rule: _rule(row) for row in rows if (rule := AlertRule(row.rule))}


def save_rule(rule: Rule, by: str) -> None:
    """Set a rule. `by` says who did it. Raises `RefusedError`."""
    if rule.rule is AlertRule.NEW_HOST:
        if rule.threshold < 2:
            raise RefusedError("the rule counts two people at least")
        if rule.within_minutes not in WITHIN_MINUTES:
            raise RefusedError(f"people are counted within 1 to {WITHIN_MINUTES[-1]} minutes")
    elif rule.threshold or rule.within_minutes:
        raise RefusedError(f"{rule.rule} counts nobody: it has no threshold")
    if len(rule.domains) > MOST_DOMAINS:
        raise RefusedError(f"a rule is kept to {MOST_DOMAINS} domains at most")
    domains = sorted({domain_name(name) for name in rule.domains})
    channels = list(Channel.objects.filter(name__in=rule.channels))
    if missing := set(rule.channels) - {channel.name for channel in channels}:
        raise RefusedError(f"there is no channel {min(missing)[:64]!r}")
    with transaction.atomic():
        row, _ = AlertSetting.objects.update_or_create(
            rule=rule.rule.value,
            defaults={
                "enabled": rule.enabled,
                "threshold": rule.threshold,
                "within_minutes": rule.within_minutes,
                "domains": domains,
                "changed_by": by[:150],
            },
        )
        row.channels.set(channels)


def reset_rule(rule: AlertRule) -> None:
    """Set a rule as it is by default."""
    AlertSetting.objects.filter(rule=rule.value).delete()


def listed(*, rule: AlertRule | None = None, domain: str = "", host: str = "") -> QuerySet[Alert]:
    """Return alerts, the newest first, of a rule, a domain, a host; `people` are to be had from each."""
    alerts = Alert.objects.all()
    if rule is not None:
        alerts = alerts.filter(rule=rule.value)
    if domain:
        alerts = alerts.filter(domain=domain.lower())
    if host:
        alerts = alerts.filter(host=host.lower())
    return alerts


def delete(pk: int) -> bool:
    """Delete an alert with all that it says of people; return whether there was one."""
    with one_at_a_time():
        AlertPerson.objects.filter(alert_id=pk).delete()
        return Alert.objects.filter(pk=pk).delete()[0] > 0


def delete_before(limit: datetime) -> int:
    """Delete alerts in which nothing happened since `limit`, what was sent of them, and hosts nobody visits.

    Return how many alerts went.
    """
    deleted = 0
    while old := list(Alert.objects.filter(last_at__lt=limit).values_list("pk", flat=True)[:_SLICE]):
        with one_at_a_time():
            AlertPerson.objects.filter(alert_id__in=old).delete()
            deleted += Alert.objects.filter(pk__in=old).delete()[0]
    Outgoing.objects.filter(finished_at__lt=limit).delete()
    ClickedHost.objects.filter(last_at__lt=limit).delete()
    return deleted


def forget_visits(before: datetime) -> None:
    """Delete who went to new hosts, where no rule counts them any more."""
    ClickedHostPerson.objects.filter(at__lt=before).delete()


def forget_person(address: str) -> int:
    """Take a person out of all alerts, and out of what is counted for coming ones.

    An alert stays as a number; its example of a URL goes, for it may name them. Return in how many alerts
    the person was.
    """
    theirs = AlertPerson.objects.filter(address__iexact=address)
    # Not without regard to case, which no index helps: addresses are stored as the mail came, mostly lower.
    copies = Recipient.objects.filter(received=True, address__in={address, address.lower()})
    with one_at_a_time():
        pks = set(theirs.values_list("alert_id", flat=True))
        theirs.delete()
        for message, index in copies.values_list("message_id", "index").iterator():
            ClickedHostPerson.objects.filter(message_id=message, recipient_index=index).delete()
        Alert.objects.filter(pk__in=pks).update(url="", text="")
    return len(pks)


def _rule(row: AlertSetting) -> Rule:
    return Rule(
        rule=AlertRule(row.rule),
        enabled=row.enabled,
        threshold=row.threshold,
        within_minutes=row.within_minutes,
        domains=tuple(row.domains),
        channels=tuple(channel.name for channel in row.channels.all()),
    )
