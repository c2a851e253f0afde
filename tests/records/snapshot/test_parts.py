"""The policy snapshot says what the tables say."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.policy import (
    Axes,
    Consent,
    ConsentMode,
    ConsentState,
    DomainPolicy,
    KillTarget,
    Policy,
    SuppressionReason,
)
from backstamp.records import models
from backstamp.records.protection import kills
from backstamp.records.snapshot import part_changes
from backstamp.records.snapshot.parts import consents, policy, policy_fingerprint
from backstamp.records.suppression import suppression_list
from backstamp.records.suppression.suppression_list import Entry
from backstamp.vocabulary import Origin
from tests.records.journal_records import ANNA, BERT, after

DEFAULTS = Policy(
    published_at_us=0,
    enabled=True,
    consent_mode=ConsentMode.REQUIRED,
    tracking_url="https://t.example.org",
    origins={Origin.GATEWAY: Axes(True, True)},
    keep_addresses=True,
)


POLICY, CONSENTS, SUPPRESSED = range(3)


def fingerprints() -> tuple[object, ...]:
    return policy_fingerprint(), part_changes.of_consents(), part_changes.of_suppressions()


def test_empty_tables_leave_the_defaults() -> None:
    assert policy(DEFAULTS, 5) == Policy(
        published_at_us=5,
        enabled=True,
        consent_mode=ConsentMode.REQUIRED,
        tracking_url="https://t.example.org",
        origins={Origin.GATEWAY: Axes(True, True)},
        keep_addresses=True,
    )


def test_domains_senders_and_consents_are_laid_over_the_defaults() -> None:
    domain = models.SenderDomain.objects.create(
        name="Example.ORG", tracking_url="https://t.x", opens=True, links=False, anonymous=True
    )
    models.SenderPolicy.objects.create(address="Ada@Example.org", opens=False)
    models.Consent.objects.create(address="a@x", recipient_key=ANNA, opens="granted", links="withdrawn")
    models.Consent.objects.create(address="b@x", recipient_key=BERT, links="granted")
    snapshot = policy(DEFAULTS, 5)
    assert snapshot.domains == {
        "example.org": DomainPolicy(
            domain_id=domain.pk,
            name="example.org",
            tracking_url="https://t.x",
            axes=Axes(True, False),
            anonymous=True,
        )
    }
    assert snapshot.senders == {"ada@example.org": Axes(False, None)}
    assert consents() == {
        ANNA: Consent(ConsentState.GRANTED, ConsentState.WITHDRAWN),
        BERT: Consent(None, ConsentState.GRANTED),
    }


def test_the_one_switch_turns_tracking_off_and_never_on() -> None:
    switch = models.Switch.objects.create(tracking_off=True)
    assert policy(DEFAULTS, 5).enabled is False
    switch.tracking_off = False
    switch.save()
    assert policy(DEFAULTS, 5).enabled is True


def test_every_change_changes_the_fingerprint_of_its_part_and_of_no_other() -> None:
    seen = [fingerprints()]

    def is_seen_in(part: int) -> None:
        seen.append(fingerprints())
        assert [n for n in range(3) if seen[-2][n] != seen[-1][n]] == [part]

    switch = models.Switch.objects.create(tracking_off=True)
    is_seen_in(POLICY)
    domain = models.SenderDomain.objects.create(name="example.org")
    is_seen_in(POLICY)
    models.SenderDomain.objects.filter(pk=domain.pk).update(opens=True)
    is_seen_in(POLICY)
    models.SenderPolicy.objects.create(address="ada@example.org")
    is_seen_in(POLICY)
    switch.delete()
    is_seen_in(POLICY)
    kills.kill(KillTarget(1, 2), "ada")
    is_seen_in(POLICY)
    consent = models.Consent.objects.create(address="a@x", recipient_key=ANNA, opens="granted")
    is_seen_in(CONSENTS)
    consent.opens = "withdrawn"
    consent.save()
    is_seen_in(CONSENTS)
    suppression_list.add(
        [Entry(address="a@x", recipient_key=ANNA, reason=SuppressionReason.MANUAL, since=after(0))]
    )
    is_seen_in(SUPPRESSED)
    suppression_list.remove(ANNA)
    is_seen_in(SUPPRESSED)
    assert fingerprints() == seen[-1]


def test_a_consent_withdrawn_by_a_clock_that_was_set_back_changes_the_fingerprint() -> None:
    keys = (ANNA, BERT)
    anna, _ = (
        models.Consent.objects.create(address=f"{key!r}", recipient_key=key, opens="granted") for key in keys
    )
    before = part_changes.of_consents()
    models.Consent.objects.filter(pk=anna.pk).update(opens="withdrawn", recorded_at=after(-3600))
    assert part_changes.of_consents() != before


@given(st.dictionaries(st.binary(min_size=8, max_size=8), st.sampled_from(["", *ConsentState]), max_size=8))
@settings(max_examples=20, deadline=None)
def test_whatever_rows_say_is_what_is_published(said: dict[bytes, str]) -> None:
    models.Consent.objects.all().delete()
    for key, state in said.items():
        models.Consent.objects.create(address=key.hex(), recipient_key=key, links=state)
    models.Consent.objects.create(address="a key cut short", recipient_key=b"short", links="granted")
    found = {key: consent.links for key, consent in consents().items()}
    assert found == {key: state for key, state in said.items() if state}


def test_keys_with_nul_and_quotes_in_them_are_published_whole() -> None:
    given = [b"\0\xff\0\x80'\"\\\0", b"\xc3\x28\xf0\x90\0\0\0\0", b"\xff" * 8]
    for key in reversed(given):
        models.Consent.objects.create(address=key.hex(), recipient_key=key, links="granted")
    assert set(consents()) == set(given)


@pytest.mark.parametrize("vendor", [pytest.param("postgresql", marks=pytest.mark.daemon)])
def test_postgresql_sorts_consents_once_for_all_of_them() -> None:
    """Once for each state of each axis, a million took seconds longer."""
    keys = [bytes([number, 7] * 4) for number in (9, 1, 200, 30)]
    for number, key in enumerate(keys):
        models.Consent.objects.create(address=f"{number}@x.example", recipient_key=key, opens="granted")
    with CaptureQueriesContext(connection) as queries:
        assert set(consents()) == set(keys)
    (query,) = queries.captured_queries
    assert query["sql"].count("string_agg") == 4
    assert query["sql"].count("ORDER BY") == 1


def test_of_two_rows_of_one_person_the_withdrawal_holds() -> None:
    for address, state in (("a@x", "withdrawn"), ("A@x", "granted")):
        models.Consent.objects.create(address=address, recipient_key=ANNA, opens=state, links="granted")
    assert consents() == {ANNA: Consent(ConsentState.WITHDRAWN, ConsentState.GRANTED)}
