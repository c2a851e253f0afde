"""To whom mail does not go, and which mail."""

import pytest

from backstamp.policy import SuppressionReason, suppression

R = SuppressionReason
ANNA = b"anna-key"


@pytest.mark.parametrize("reason", [R.HARD_BOUNCE, R.MANUAL])
@pytest.mark.parametrize("is_bulk", [True, False])
def test_an_address_that_is_dead_or_barred_gets_no_mail_at_all(
    reason: SuppressionReason, is_bulk: bool
) -> None:
    suppressed = {"example.org": {reason: frozenset({ANNA})}}
    assert suppression(suppressed, domain="Example.ORG", recipient_key=ANNA, is_bulk=is_bulk) is reason


@pytest.mark.parametrize("reason", [R.UNSUBSCRIBED, R.COMPLAINT])
def test_who_said_no_to_lists_still_gets_what_is_written_to_them_alone(reason: SuppressionReason) -> None:
    suppressed = {"": {reason: frozenset({ANNA})}}
    assert suppression(suppressed, domain="example.org", recipient_key=ANNA, is_bulk=True) is reason
    assert suppression(suppressed, domain="example.org", recipient_key=ANNA, is_bulk=False) is None


def test_an_entry_of_one_sender_domain_says_nothing_of_another() -> None:
    suppressed = {"example.org": {R.MANUAL: frozenset({ANNA})}}
    assert suppression(suppressed, domain="example.net", recipient_key=ANNA, is_bulk=True) is None
    assert suppression(suppressed, domain="example.org", recipient_key=b"bert-key", is_bulk=True) is None


@pytest.mark.parametrize(("is_bulk", "weightiest"), [(True, R.HARD_BOUNCE), (False, R.HARD_BOUNCE)])
def test_of_several_reasons_one_that_stops_everything_is_told(is_bulk: bool, weightiest: R) -> None:
    suppressed = {"example.org": {R.UNSUBSCRIBED: frozenset({ANNA}), R.HARD_BOUNCE: frozenset({ANNA})}}
    assert suppression(suppressed, domain="example.org", recipient_key=ANNA, is_bulk=is_bulk) is weightiest


def test_a_bulk_only_reason_does_not_hide_one_that_stops_everything() -> None:
    suppressed = {"example.org": {R.UNSUBSCRIBED: frozenset({ANNA})}, "": {R.HARD_BOUNCE: frozenset({ANNA})}}
    assert suppression(suppressed, domain="example.org", recipient_key=ANNA, is_bulk=False) is R.HARD_BOUNCE
