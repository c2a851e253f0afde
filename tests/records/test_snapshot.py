"""The policy snapshot says what the tables say."""

from backstamp.policy import Axes, Consent, ConsentMode, ConsentState, DomainPolicy, KillTarget, Snapshot
from backstamp.records import kills, models
from backstamp.records.snapshot import build, fingerprint
from backstamp.vocabulary import Origin
from tests.records.journal_records import ANNA, BERT, after

DEFAULTS = Snapshot(
    published_at_us=0,
    enabled=True,
    consent_mode=ConsentMode.REQUIRED,
    tracking_url="https://t.example.org",
    origins={Origin.GATEWAY: Axes(True, True)},
    keep_addresses=True,
)


def test_empty_tables_leave_the_defaults() -> None:
    assert build(DEFAULTS, 5) == Snapshot(
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
    snapshot = build(DEFAULTS, 5)
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
    assert snapshot.consents == {
        ANNA: Consent(ConsentState.GRANTED, ConsentState.WITHDRAWN),
        BERT: Consent(None, ConsentState.GRANTED),
    }


def test_the_one_switch_turns_tracking_off_and_never_on() -> None:
    switch = models.Switch.objects.create(tracking_off=True)
    assert build(DEFAULTS, 5).enabled is False
    switch.tracking_off = False
    switch.save()
    assert build(DEFAULTS, 5).enabled is True


def test_every_change_changes_the_fingerprint() -> None:
    seen = {fingerprint()}
    switch = models.Switch.objects.create(tracking_off=True)
    seen.add(fingerprint())
    domain = models.SenderDomain.objects.create(name="example.org")
    seen.add(fingerprint())
    models.SenderDomain.objects.filter(pk=domain.pk).update(opens=True)
    seen.add(fingerprint())
    models.SenderPolicy.objects.create(address="ada@example.org")
    seen.add(fingerprint())
    consent = models.Consent.objects.create(address="a@x", recipient_key=ANNA, opens="granted")
    seen.add(fingerprint())
    consent.opens = "withdrawn"
    consent.save()
    seen.add(fingerprint())
    switch.delete()
    seen.add(fingerprint())
    kills.kill(KillTarget(1, 2), "ada")
    seen.add(fingerprint())
    assert len(seen) == 9
    assert fingerprint() == fingerprint()


def test_a_consent_withdrawn_by_a_clock_that_was_set_back_changes_the_fingerprint() -> None:
    keys = (ANNA, BERT)
    anna, _ = (
        models.Consent.objects.create(address=f"{key!r}", recipient_key=key, opens="granted") for key in keys
    )
    before = fingerprint()
    models.Consent.objects.filter(pk=anna.pk).update(opens="withdrawn", recorded_at=after(-3600))
    assert fingerprint() != before
