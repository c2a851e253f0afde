import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from backstamp.policy import (
    Axes,
    Consent,
    ConsentMode,
    Consents,
    ConsentState,
    ControlAxes,
    Decision,
    DomainPolicy,
    OffReason,
    Snapshot,
    decide,
)
from backstamp.vocabulary import Origin

KEY = b"recipien"


def snapshot(
    *,
    enabled: bool = True,
    mode: ConsentMode = ConsentMode.OBJECTION,
    domain: Axes = Axes(),
    sender: Axes = Axes(),
    consent: Consent | None = None,
) -> Snapshot:
    return Snapshot(
        published_at_us=1,
        enabled=enabled,
        consent_mode=mode,
        tracking_url="https://t.example.net/",
        origins={Origin.GATEWAY: Axes(True, True), Origin.SUBMISSION: Axes(True, False)},
        domains={"example.org": DomainPolicy(domain_id=3, name="example.org", axes=domain)},
        senders={"ann@example.org": sender},
        consents=Consents.said({KEY: consent} if consent else {}),
    )


def ask(
    policy: Snapshot | None, origin: Origin = Origin.GATEWAY, asked: ControlAxes = ControlAxes()
) -> Decision:
    return decide(policy, origin=origin, sender="Ann@Example.org", recipient_key=KEY, asked=asked)


def test_mail_through_the_gateway_is_tracked_on_both_axes_by_default() -> None:
    assert ask(snapshot()) == Decision(None, None)


def test_mail_by_submission_has_no_link_rewritten_unless_asked() -> None:
    assert ask(snapshot(), Origin.SUBMISSION) == Decision(None, OffReason.DEFAULT)
    assert ask(snapshot(), Origin.SUBMISSION, ControlAxes(links=True)).links


def test_without_a_snapshot_nothing_is_tracked() -> None:
    assert ask(None) == Decision(OffReason.NO_POLICY, OffReason.NO_POLICY)


def test_the_one_switch_turns_everything_off() -> None:
    decision = ask(snapshot(enabled=False), asked=ControlAxes(True, True))
    assert decision.untracked_reason == "tracking is switched off for the whole installation"


def test_the_message_may_switch_an_axis_off() -> None:
    assert ask(snapshot(), asked=ControlAxes(opens=False)) == Decision(OffReason.MESSAGE, None)


@pytest.mark.parametrize(
    ("domain", "sender", "reason"),
    [
        (Axes(False, False), Axes(True, True), OffReason.DOMAIN),
        (Axes(True, True), Axes(False, False), OffReason.SENDER),
    ],
)
def test_what_domain_or_sender_forbid_nobody_below_allows(
    domain: Axes, sender: Axes, reason: OffReason
) -> None:
    asked = ControlAxes(True, True)
    assert ask(snapshot(domain=domain, sender=sender), asked=asked) == Decision(reason, reason)


def test_a_sender_may_be_tracked_where_the_way_in_is_off_by_default() -> None:
    assert ask(snapshot(sender=Axes(links=True)), Origin.SUBMISSION).links


def test_silence_is_no_consent_where_consent_is_required() -> None:
    policy = snapshot(mode=ConsentMode.REQUIRED)
    assert ask(policy).untracked_reason == "the recipient has not consented"


def test_consent_counts_for_its_own_axis_only() -> None:
    policy = snapshot(mode=ConsentMode.REQUIRED, consent=Consent(opens=ConsentState.GRANTED))
    assert ask(policy) == Decision(None, OffReason.NO_CONSENT)


axis = st.none() | st.booleans()
axes = st.builds(Axes, axis, axis)


@given(axes, axes, axis, axis, st.sampled_from(Origin), st.sampled_from(ConsentMode))
def test_who_withdrew_is_never_tracked(
    domain: Axes, sender: Axes, opens: bool | None, links: bool | None, origin: Origin, mode: ConsentMode
) -> None:
    withdrawn = Consent(ConsentState.WITHDRAWN, ConsentState.WITHDRAWN)
    policy = snapshot(mode=mode, domain=domain, sender=sender, consent=withdrawn)
    decision = ask(policy, origin, ControlAxes(opens, links))
    assert not decision.opens
    assert not decision.links
    assert decision.untracked_reason


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *(("example.org", 1), ("Example.ORG.", 1), ("bücher.example", 2), ("xn--bcher-kva.example.", 2)),
        *(("BÜCHER.example", 2), ("other.example", 0), ("", 0), ("\udcff.example", 0)),
    ],
)
def test_a_domain_is_known_by_all_its_spellings(written: str, number: int) -> None:
    names = ("example.org", "xn--bcher-kva.example")
    domains = {name: DomainPolicy(domain_id=at, name=name) for at, name in enumerate(names, start=1)}
    assert structs.replace(snapshot(), domains=domains).domain(written).domain_id == number


def test_an_unknown_domain_uses_the_installations_own_tracking_host() -> None:
    policy = snapshot()
    assert policy.base_url(policy.domain("other.example")) == "https://t.example.net"


consents = st.builds(Consent, st.sampled_from([None, *ConsentState]), st.sampled_from([None, *ConsentState]))


@given(axes, axes, axis, axis, st.sampled_from(Origin), st.sampled_from(ConsentMode), consents)
def test_what_a_level_above_forbids_no_level_below_allows(
    domain: Axes,
    sender: Axes,
    opens: bool | None,
    links: bool | None,
    origin: Origin,
    mode: ConsentMode,
    consent: Consent,
) -> None:
    """The ceiling: domain over sender over message over recipient, on each axis by itself."""
    policy = snapshot(mode=mode, domain=domain, sender=sender, consent=consent)
    decision = ask(policy, origin, ControlAxes(opens, links))
    for on, forbidden, said in (
        (decision.opens, False in (domain.opens, sender.opens, opens), consent.opens),
        (decision.links, False in (domain.links, sender.links, links), consent.links),
    ):
        if forbidden or said is ConsentState.WITHDRAWN or (said is None and mode is ConsentMode.REQUIRED):
            assert not on


@pytest.mark.parametrize(
    "spelled", ["ann@BÜCHER.example", "ann@xn--bcher-kva.example", "Ann@Bücher.example."]
)
def test_a_sender_has_one_policy_however_the_domain_is_spelled(spelled: str) -> None:
    policy = structs.replace(snapshot(), senders={"ann@xn--bcher-kva.example": Axes(False, False)})
    decision = decide(policy, origin=Origin.GATEWAY, sender=spelled, recipient_key=KEY)
    assert decision == Decision(OffReason.SENDER, OffReason.SENDER)
