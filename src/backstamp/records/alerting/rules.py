"""Rules: what is worth an alert, and how administrators set that."""

from typing import Final

import msgspec
from django.db import transaction

from backstamp.records.administration.refusals import RefusedError
from backstamp.records.administration.sender_domains import domain_name
from backstamp.records.models import LONGEST_USER, AlertSetting, Channel
from backstamp.vocabulary import AlertRule

MOST_DOMAINS: Final = 1000
WITHIN_MINUTES: Final = range(1, 24 * 60 + 1)
"""What `within_minutes` may be: people are counted for a day at most."""


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
                "changed_by": by[:LONGEST_USER],
            },
        )
        row.channels.set(channels)


def reset_rule(rule: AlertRule) -> None:
    """Set a rule as it is by default."""
    AlertSetting.objects.filter(rule=rule.value).delete()


def _rule(row: AlertSetting) -> Rule:
    return Rule(
        rule=AlertRule(row.rule),
        enabled=row.enabled,
        threshold=row.threshold,
        within_minutes=row.within_minutes,
        domains=tuple(row.domains),
        channels=tuple(channel.name for channel in row.channels.all()),
    )
