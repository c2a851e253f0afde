"""What happens at a click: one decision from all that speaks against a link."""

import pytest

from backstamp.policy import (
    ALLOWED,
    EVERYBODY,
    OWN_BLOCKED,
    ClickDecision,
    OwnList,
    OwnWord,
    Protection,
    Snapshot,
    decide_click,
    lists_for,
    own_word,
)
from backstamp.threats import Finding, ThreatReason
from backstamp.vocabulary import ClickAction, ConsentMode, ThreatType

BAD = Finding(ThreatType.PHISHING, ThreatReason.LISTED_URL, "list")
SPAM = Finding(ThreatType.SPAM, ThreatReason.LISTED_HOST, "list")
BARE = Finding(ThreatType.MALWARE, ThreatReason.LISTED_PREFIX, "list", confirmed=False)
RECIPIENT = bytes.fromhex("00ff00ff00ff00ff")
DIGEST = b"8 octets"


def decided(
    *findings: Finding, own: OwnWord | None = None, waited: bool = False, **changes: object
) -> ClickDecision:
    protection = Protection(**changes)  # type: ignore[arg-type]
    return decide_click(protection, own=own, findings=findings, waited=waited)


def lists_of(scopes: dict[str, OwnList], domain: str, recipient_key: bytes) -> tuple[OwnList, ...]:
    snapshot = Snapshot(
        published_at_us=1,
        enabled=True,
        consent_mode=ConsentMode.OBJECTION,
        tracking_url="https://t.example.net/",
        origins={},
        own_lists=scopes,
    )
    return lists_for(snapshot, domain=domain, recipient_key=recipient_key)


def test_what_nothing_speaks_against_leads_on() -> None:
    assert decided() == ALLOWED


def test_the_most_severe_action_is_taken() -> None:
    assert decided(SPAM, BAD) == ClickDecision(ClickAction.BLOCK, BAD)
    assert decided(SPAM) == ClickDecision(ClickAction.WARN, SPAM)
    assert decided(BAD, actions={ThreatType.PHISHING: ClickAction.ALLOW}).action is ClickAction.ALLOW


def test_an_administrators_own_word_comes_first() -> None:
    assert decided(BAD, own=OwnWord.ALLOWED) == ALLOWED
    assert decided(SPAM, own=OwnWord.BLOCKED) == ClickDecision(ClickAction.BLOCK, OWN_BLOCKED)
    assert decided(BAD, own=OwnWord.BLOCKED) == ClickDecision(ClickAction.BLOCK, OWN_BLOCKED)


def test_the_own_lists_of_a_mailbox_are_its_own_its_domains_and_that_of_all_in_this_order() -> None:
    mailbox, domain, all_, other = (OwnList(blocked=frozenset({bytes([n]) * 8})) for n in range(4))
    scopes = {EVERYBODY: all_, "b.example": other, "a.example": domain, RECIPIENT.hex(): mailbox}
    assert lists_of(scopes, "A.example", RECIPIENT) == (mailbox, domain, all_)
    assert lists_of(scopes, "c.example", b"somebody") == (all_,)
    assert lists_of({}, "a.example", RECIPIENT) == ()


def test_the_narrowest_own_list_that_names_a_url_decides_and_within_one_the_block_does() -> None:
    allows, blocks = OwnList(allowed=frozenset({DIGEST})), OwnList(blocked=frozenset({DIGEST}))
    both = OwnList(allowed=frozenset({DIGEST}), blocked=frozenset({DIGEST}))
    assert own_word({DIGEST}, (OwnList(), allows, blocks)) is OwnWord.ALLOWED
    assert own_word({DIGEST}, (OwnList(), blocks, allows)) is OwnWord.BLOCKED
    assert own_word({DIGEST, b"another "}, (both, allows)) is OwnWord.BLOCKED
    assert own_word({b"another "}, (both, allows)) is None


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
