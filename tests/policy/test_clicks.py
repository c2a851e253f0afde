"""What happens at a click: one decision from all that speaks against a link."""

import pytest

from backstamp.policy import ALLOWED, OWN_BLOCKED, ClickDecision, OwnWord, Protection, decide_click
from backstamp.threats import Finding, ThreatReason
from backstamp.vocabulary import ClickAction, ThreatType

BAD = Finding(ThreatType.PHISHING, ThreatReason.LISTED_URL, "list")
SPAM = Finding(ThreatType.SPAM, ThreatReason.LISTED_HOST, "list")
BARE = Finding(ThreatType.MALWARE, ThreatReason.LISTED_PREFIX, "list", confirmed=False)


def decided(
    *findings: Finding, own: OwnWord | None = None, waited: bool = False, **changes: object
) -> ClickDecision:
    protection = Protection(**changes)  # type: ignore[arg-type]
    return decide_click(protection, own=own, findings=findings, waited=waited)


def test_what_nothing_speaks_against_leads_on() -> None:
    assert decided() == ALLOWED


def test_the_most_severe_action_is_taken() -> None:
    assert decided(SPAM, BAD) == ClickDecision(ClickAction.BLOCK, BAD)
    assert decided(SPAM) == ClickDecision(ClickAction.WARN, SPAM)
    assert decided(BAD, actions={ThreatType.PHISHING: ClickAction.ALLOW}).action is ClickAction.ALLOW


def test_an_administrators_own_word_comes_first() -> None:
    assert decided(BAD, own=OwnWord.ALLOWED) == ALLOWED
    assert decided(SPAM, own=OwnWord.BLOCKED) == ClickDecision(ClickAction.BLOCK, OWN_BLOCKED)


def test_a_bare_prefix_is_checked_first_and_blocks_nothing_by_itself() -> None:
    assert decided(BARE) == ClickDecision(ClickAction.CHECK, BARE)
    assert decided(BARE, SPAM) == ClickDecision(ClickAction.CHECK, BARE)
    assert decided(BARE, BAD) == ClickDecision(ClickAction.BLOCK, BAD), "it is blocked anyway"
    assert decided(BARE, actions={ThreatType.MALWARE: ClickAction.ALLOW}).action is ClickAction.ALLOW


@pytest.mark.parametrize("unresolved", [ClickAction.ALLOW, ClickAction.WARN, ClickAction.BLOCK])
def test_who_waited_in_vain_gets_what_the_domain_says(unresolved: ClickAction) -> None:
    assert decided(BARE, waited=True, unresolved=unresolved) == ClickDecision(unresolved, BARE)


def test_and_never_less_than_what_is_certain() -> None:
    assert decided(BARE, SPAM, waited=True) == ClickDecision(ClickAction.WARN, SPAM)
