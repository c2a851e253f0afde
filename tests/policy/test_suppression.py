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
    suppressed = {"example.org": {ANNA: reason}}
    assert suppression(suppressed, domain="Example.ORG", recipient_key=ANNA, is_bulk=is_bulk) is reason


@pytest.mark.parametrize("reason", [R.UNSUBSCRIBED, R.COMPLAINT])
def test_who_said_no_to_lists_still_gets_what_is_written_to_them_alone(reason: SuppressionReason) -> None:
    suppressed = {"": {ANNA: reason}}
    assert suppression(suppressed, domain="example.org", recipient_key=ANNA, is_bulk=True) is reason
    assert suppression(suppressed, domain="example.org", recipient_key=ANNA, is_bulk=False) is None


def test_an_entry_of_one_sender_domain_says_nothing_of_another() -> None:
    suppressed = {"example.org": {ANNA: R.MANUAL}}
    assert suppression(suppressed, domain="example.net", recipient_key=ANNA, is_bulk=True) is None
    assert suppression(suppressed, domain="example.org", recipient_key=b"bert-key", is_bulk=True) is None


def test_a_bulk_only_reason_does_not_hide_one_that_stops_everything() -> None:
    suppressed = {"example.org": {ANNA: R.UNSUBSCRIBED}, "": {ANNA: R.HARD_BOUNCE}}
    assert suppression(suppressed, domain="example.org", recipient_key=ANNA, is_bulk=False) is R.HARD_BOUNCE
