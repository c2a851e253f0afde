"""What administrators decide of the link protection, and what the snapshot carries of it."""

from base64 import b64encode
from collections.abc import Callable

import pytest

from backstamp.policy import DEFAULT_ACTIONS, ClickAddresses, ConsentMode, OwnList, Policy, ProtectionMode
from backstamp.policy.own_entries import digest_of
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.looking_back import decisions
from backstamp.records.models import OwnListEntry, ProtectedDomain
from backstamp.records.protection import own_lists, page_logos
from backstamp.records.protection.domain_settings import (
    Kind,
    add_exception,
    chosen_actions,
    exceptions,
    protected_domain,
    remove_exception,
    set_protection,
)
from backstamp.records.snapshot import parts
from backstamp.tokens import Keyring
from backstamp.vocabulary import ClickAction, ThreatType
from tests.pictures import gif, jpeg, png, webp_extended, webp_lossless, webp_lossy

DEFAULTS = Policy(
    published_at_us=0,
    enabled=True,
    consent_mode=ConsentMode.OBJECTION,
    tracking_url="https://t.example.org",
    origins={},
)


def published() -> Policy:
    return parts.policy(DEFAULTS, 1)


@pytest.fixture
def ring() -> Keyring:
    return Keyring.create(b"k" * 32, b"a" * 32, 1)


def test_a_domain_is_off_until_somebody_switches_it_on() -> None:
    set_protection("Example.ORG.", "ann", page_contact="help@example.org")
    protection = published().domains["example.org"].protection
    assert (protection.mode, protection.page.contact) == (ProtectionMode.OFF, "help@example.org")
    set_protection("example.org", "bob", mode=ProtectionMode.PROTECT)
    protection = published().domains["example.org"].protection
    assert (protection.mode, protection.page.contact) == (ProtectionMode.PROTECT, "help@example.org")
    assert protected_domain("example.org").changed_by == "bob"


def test_every_change_is_seen_by_the_publisher() -> None:
    seen = {parts.policy_fingerprint()}
    set_protection("example.org", "", mode=ProtectionMode.OBSERVE)
    seen.add(parts.policy_fingerprint())
    set_protection("example.org", "", click_addresses=ClickAddresses.FULL)
    seen.add(parts.policy_fingerprint())
    assert len(seen) == 3


def test_actions_that_are_not_named_stay_and_defaults_are_not_kept() -> None:
    set_protection("example.org", "", actions={ThreatType.PHISHING: ClickAction.WARN})
    row = set_protection("example.org", "", actions={ThreatType.SPAM: ClickAction.BLOCK})
    assert row.actions == {"phishing": "warn", "spam": "block"}
    row = set_protection("example.org", "", actions={ThreatType.PHISHING: ClickAction.BLOCK})
    assert ProtectedDomain.objects.get().actions == {"spam": "block"}
    assert chosen_actions(row) == {**DEFAULT_ACTIONS, ThreatType.SPAM: ClickAction.BLOCK}
    action = published().domains["example.org"].protection.action
    assert (action(ThreatType.SPAM), action(ThreatType.PHISHING)) == (ClickAction.BLOCK, ClickAction.BLOCK)


def test_what_a_newer_version_has_chosen_and_is_unknown_here_leaves_a_policy() -> None:
    row = set_protection("example.org", "", actions={ThreatType.SPAM: ClickAction.BLOCK})
    row.actions |= {"of-a-newer-version": "block", "malware": "of-a-newer-version"}
    row.save()
    assert published().domains["example.org"].protection.actions == {ThreatType.SPAM: ClickAction.BLOCK}
    assert chosen_actions(row) == {**DEFAULT_ACTIONS, ThreatType.SPAM: ClickAction.BLOCK}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "give a domain"),
        ("org", "org names no host in full"),
        ("co.uk", "co.uk is a public suffix: below it are the domains of many"),
        ("192.0.2.1", "192.0.2.1 is an address, no domain"),
        ("a b.example", "a b.example has blanks in it; give one domain"),
        ("x@example.org", "x@example.org is a mail address; give a domain"),
        ("a.example/x", "a.example/x is more than a domain"),
    ],
)
def test_what_is_no_domain_of_anybody_is_refused(name: str, said: str) -> None:
    with pytest.raises(RefusedError) as refused:
        set_protection(name, "", mode=ProtectionMode.PROTECT)
    assert str(refused.value) == said
    assert not ProtectedDomain.objects.exists()


def test_of_a_domain_without_a_mode_there_are_no_exceptions(ring: Keyring) -> None:
    with pytest.raises(RefusedError, match=r"^nothing is set .* of example\.org; choose its mode first$"):
        add_exception("example.org", Kind.SENDER, "bank.example", ring, "bob")


def test_texts_are_no_longer_than_their_place() -> None:
    with pytest.raises(RefusedError, match="organisation has more than 200 characters"):
        set_protection("example.org", "", page_organisation="x" * 201)


def test_mailboxes_senders_and_hosts_are_left_alone(ring: Keyring) -> None:
    set_protection("example.org", "", mode=ProtectionMode.PROTECT)
    assert add_exception("example.org", Kind.MAILBOX, " Ann@EXAMPLE.org ", ring, "bob")
    assert not add_exception("example.org", Kind.MAILBOX, "ann@example.org", ring, "eve")
    assert add_exception("example.org", Kind.SENDER, "News@Shop.example", ring, "bob")
    assert add_exception("example.org", Kind.SENDER, "Bank.example", ring, "bob")
    assert add_exception("example.org", Kind.HOST, "https://Intranet.example/", ring, "bob")
    protection = published().domains["example.org"].protection
    assert protection.opted_out == {ring.recipient_key("ann@example.org")}
    assert protection.trusted_senders == {"news@shop.example", "bank.example"}
    assert protection.trusted_hosts == ("intranet.example",)
    assert {row.by for row in exceptions("example.org")} == {"bob"}
    before = parts.policy_fingerprint()
    assert remove_exception("example.org", Kind.MAILBOX, "ANN@example.org")
    assert not remove_exception("example.org", Kind.MAILBOX, "ann@example.org")
    assert parts.policy_fingerprint() != before
    assert published().domains["example.org"].protection.opted_out == frozenset()


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (Kind.MAILBOX, "ann@example.net", "ann@example.net is no mailbox of example.org"),
        (Kind.MAILBOX, "ann", "that is no mail address"),
        (Kind.SENDER, "a@b@c d", "that is no mail address"),
        (Kind.SENDER, "co.uk", "co.uk is a public suffix: below it are the domains of many"),
        (Kind.HOST, "a.example/x", "a.example/x is more than a host"),
    ],
)
def test_an_exception_that_makes_no_sense_is_refused(ring: Keyring, kind: Kind, text: str, said: str) -> None:
    set_protection("example.org", "")
    with pytest.raises(RefusedError) as refused:
        add_exception("example.org", kind, text, ring, "")
    assert str(refused.value) == said


def test_own_lists_are_for_all_for_a_domain_or_for_a_mailbox(ring: Keyring) -> None:
    assert own_lists.add(own_lists.Kind.BLOCKED, "Evil.example", "", ring, by="ann", note="seen in a mail")
    assert own_lists.add(own_lists.Kind.ALLOWED, "https://evil.example/ok", "Example.org", ring, by="ann")
    assert own_lists.add(own_lists.Kind.ALLOWED, "evil.example", "Bob@example.org", ring, by="ann")
    assert not own_lists.add(own_lists.Kind.BLOCKED, "http://evil.example/", "", ring, by="eve")
    host, page = digest_of("evil.example/"), digest_of("evil.example/ok")
    assert published().own_lists == {
        "": OwnList(blocked=frozenset({host})),
        "example.org": OwnList(allowed=frozenset({page})),
        ring.recipient_key("bob@example.org").hex(): OwnList(allowed=frozenset({host})),
    }
    assert {(row.scope_name, row.by) for row in own_lists.entries()} == {
        *(("", "ann"), ("example.org", "ann"), ("bob@example.org", "ann"))
    }


def test_an_entry_of_the_other_kind_takes_its_place_and_is_published(ring: Keyring) -> None:
    own_lists.add(own_lists.Kind.BLOCKED, "evil.example", "", ring, by="ann")
    before = parts.policy_fingerprint()
    assert own_lists.add(own_lists.Kind.ALLOWED, "evil.example", "", ring, by="bob")
    assert parts.policy_fingerprint() != before
    assert [(row.kind, row.by) for row in OwnListEntry.objects.all()] == [("allowed", "bob")]
    assert own_lists.remove("EVIL.example", "", ring)
    assert not own_lists.remove("evil.example", "", ring)


def test_what_is_allowed_no_longer_waits_until_it_was_looked_back_for(ring: Keyring) -> None:
    own_lists.add(own_lists.Kind.BLOCKED, "evil.example", "", ring, by="ann")
    own_lists.remove("evil.example", "", ring)
    assert decisions.lifted() == []
    own_lists.add(own_lists.Kind.ALLOWED, "evil.example/a", "ann@our.example", ring, by="ann")
    own_lists.remove("evil.example/a", "ann@our.example", ring)
    (row,) = decisions.lifted()
    assert (row.scope, row.expression) == (ring.recipient_key("ann@our.example").hex(), "evil.example/a")
    decisions.note_done(row, row.lifted_at)
    assert decisions.lifted() == []


LOGOS: dict[Callable[[int, int], bytes], str] = {
    png: "image/png",
    gif: "image/gif",
    jpeg: "image/jpeg",
    webp_lossy: "image/webp",
    webp_lossless: "image/webp",
    webp_extended: "image/webp",
}


@pytest.mark.parametrize("make", LOGOS)
def test_logos_are_small_pictures(make: Callable[[int, int], bytes]) -> None:
    data = make(2048, 48)
    assert page_logos.logo_url(data) == f"data:{LOGOS[make]};base64,{b64encode(data).decode()}"


@pytest.mark.parametrize("make", LOGOS)
def test_a_picture_that_claims_a_lot_of_its_readers_memory_is_no_logo(
    make: Callable[[int, int], bytes],
) -> None:
    for width, height in ((16_383, 1), (1, 2049)):
        with pytest.raises(RefusedError, match=f"{width} x {height} pixels"):
            page_logos.logo_url(make(width, height))


@pytest.mark.parametrize("make", LOGOS)
def test_and_neither_is_one_that_does_not_say_how_large_it_is(make: Callable[[int, int], bytes]) -> None:
    whole = make(160, 48)
    for length in (3, 9):
        with pytest.raises(RefusedError, match="is no PNG"):
            page_logos.logo_url(whole[:length])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        png(0, 48),
        png(160, 48) + bytes(65_536),
        b"\xff\xd8\xff\xe0\0\0" * 9,
        b"\xff\xd8" + b"\xff" * 65_000,
    ],
)
def test_what_is_no_small_picture_is_no_logo(data: bytes) -> None:
    with pytest.raises(RefusedError):
        page_logos.logo_url(data)
