"""What administrators set of rules is obeyed, or refused in one line."""

import pytest

from backstamp.records.administration.refusals import RefusedError
from backstamp.records.alerting.occurrences import domain_of
from backstamp.records.alerting.rules import DEFAULTS, Rule, reset_rule, rules
from backstamp.records.models import Outgoing
from backstamp.records.outbox import channels
from backstamp.vocabulary import AlertRule, ChannelKind, ClickAction, QueuedRecipient
from tests.records.journal_records import delivery
from tests.records.raised_alerts import SQLITE_IS_ENOUGH, raised, switch, take
from tests.records.received import followed, received


def test_rules_are_obeyed_off_and_by_domain_and_channel() -> None:
    channels.add("team", ChannelKind.SLACK, "https://hooks.slack.example/T/B", "me")
    switch(AlertRule.CLICKED_THROUGH, enabled=False)
    switch(AlertRule.KNOWN_BAD_CLICK, domains=("Other.example",), channels=("team",))
    both = [
        QueuedRecipient(0, "anna@our.example", b"anna-key"),
        QueuedRecipient(1, "carl@other.example", b"carl-key"),
    ]
    take(
        [
            received(recipients=both),
            delivery(1),
            followed(30),
            followed(31, index=1),
            followed(32, ClickAction.GO_ON),
        ]
    )
    assert raised() == [("known_bad_click", "other.example", "login.evil.example", 1)]
    assert [row.channel.name for row in Outgoing.objects.all()] == ["team"]
    reset_rule(AlertRule.KNOWN_BAD_CLICK)
    assert rules() == DEFAULTS | {
        AlertRule.CLICKED_THROUGH: Rule(rule=AlertRule.CLICKED_THROUGH, enabled=False)
    }


@pytest.mark.parametrize(
    "domain", ["<script>", "*", "-1", "no domain", "ann@our.example", "our.example/x", ""]
)
def test_a_rule_that_is_kept_to_no_domain_is_refused_for_it_would_never_alert(domain: str) -> None:
    with pytest.raises(RefusedError):
        switch(AlertRule.KNOWN_BAD_CLICK, domains=("our.example", domain))


def test_a_rule_is_kept_to_a_domain_in_whatever_script() -> None:
    switch(AlertRule.KNOWN_BAD_CLICK, domains=("BÜCHER.example",))
    assert rules()[AlertRule.KNOWN_BAD_CLICK].domains == ("xn--bcher-kva.example",)
    assert domain_of("ann@bücher.example") == "xn--bcher-kva.example"


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    ("rule", "changes", "why"),
    [
        (AlertRule.NEW_HOST, {"threshold": 1}, "two people at least"),
        (AlertRule.NEW_HOST, {"within_minutes": 1441}, "1 to 1440 minutes"),
        (AlertRule.KNOWN_BAD_CLICK, {"threshold": 3}, "counts nobody"),
        (AlertRule.KNOWN_BAD_CLICK, {"channels": ("nowhere",)}, "no channel 'nowhere'"),
        (AlertRule.KNOWN_BAD_CLICK, {"domains": ("",)}, "give a domain"),
    ],
)
def test_what_cannot_be_set_is_refused_in_one_line(
    rule: AlertRule, changes: dict[str, object], why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        switch(rule, **changes)
    assert rules()[rule] == DEFAULTS[rule]
