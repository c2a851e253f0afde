"""Whose policy holds for an address, however a client has written it.

The spellings are those that Postfix 3.7 delivered to bob@example.org, from a client that may not relay.
"""

import time

import msgspec
import pytest

from backstamp.policy import (
    ConsentMode,
    DomainPolicy,
    OnUnprotected,
    Protection,
    ProtectionMode,
    Snapshot,
    addressed,
    strictest_domain,
)


def snapshot(**modes: ProtectionMode) -> Snapshot:
    return Snapshot(
        published_at_us=1,
        enabled=True,
        consent_mode=ConsentMode.OBJECTION,
        tracking_url="https://t.example.org",
        origins={},
        domains={
            f"{name}.org": DomainPolicy(
                domain_id=number, name=f"{name}.org", protection=Protection(mode=mode)
            )
            for number, (name, mode) in enumerate(modes.items(), start=1)
        },
    )


POLICY = snapshot(example=ProtectionMode.PROTECT, off=ProtectionMode.OFF)
NAMELESS = strictest_domain(POLICY)


@pytest.mark.parametrize(
    "written",
    [
        "bob%example.org",
        "bob%EXAMPLE.org",
        "example.org!bob",
        '"bob@example.org"',
        '"bob%example.org"',
        "bob%example.org@mx.example.net",
        "example.org!bob@mx.example.net",
        '"bob@example.org"@mx.example.net',
        "bob@example.org@",
        "bob%example.org@",
        "bob@(c)example.org",
        "bob@example.org(c)",
        "(cat)bob%example.org",
        "(cat)bob%example.org@off.org",
        'bob@"example.org"',
        "bob@example\\.org",
        "bob@example.org;",
        "bob@ example.org",
        "bob%example.org@[192.0.2.1]",
        "bob%example.org@off.org",
        '"bob@example.org"@off.org',
        "example.org!bob@off.org",
    ],
)
def test_an_address_of_ours_is_seen_behind_what_an_mta_takes_away(written: str) -> None:
    assert addressed(POLICY, written, NAMELESS) == ("bob@example.org", POLICY.domains["example.org"])


@pytest.mark.parametrize(
    ("written", "mailbox"),
    [
        ("@cat:bob%example.org", "cat bob"),
        ("@cat.example.net:bob%example.org", "cat.example.net bob"),
        ("((cat)dan)bob%example.org", "dan bob"),
        ('(cat)"bob"%example.org', "cat bob"),
        ("cat%bob%example.org", "cat bob"),
        ("cat bob%example.org@off.org", "cat bob"),
    ],
)
def test_where_two_names_may_be_the_mailboxs_it_is_that_of_neither(written: str, mailbox: str) -> None:
    """Postfix delivers most of these to bob: cat's opt-out must not be a way to him."""
    meant = addressed(POLICY, written, NAMELESS)
    assert meant == (f"{mailbox}@example.org", POLICY.domains["example.org"])


@pytest.mark.parametrize("written", ["Bob@EXAMPLE.org", "Bob@example.org.", "Bob@ｅxample。org"])
def test_a_domain_of_ours_is_spelled_as_it_is_known(written: str) -> None:
    """Alerts and own lists ask for it by that name."""
    assert addressed(POLICY, written, NAMELESS) == ("Bob@example.org", POLICY.domains["example.org"])


def test_of_two_domains_of_ours_the_one_counts_that_refuses_more() -> None:
    lax, strict = (
        DomainPolicy(
            domain_id=number,
            name=f"{action.value}.org",
            protection=Protection(mode=ProtectionMode.PROTECT, on_unprotected=action),
        )
        for number, action in enumerate((OnUnprotected.MARK, OnUnprotected.REFUSE), start=1)
    )
    policy = msgspec.structs.replace(POLICY, domains={each.name: each for each in (lax, strict)})
    assert addressed(policy, "bob%refuse.org@mark.org", lax) == ("bob@refuse.org", strict)
    assert addressed(policy, "bob%mark.org@refuse.org", lax) == ("bob%mark.org@refuse.org", strict)


@pytest.mark.parametrize(
    "written",
    [
        "bob@example.org",
        '"bob%off.org"@example.org',
        '"bob example"@example.org',
        "bob@off.org",
        "example.org@off.org",
        "\u00fcber@example.org",
    ],
)
def test_an_address_of_ours_stays_as_it_is(written: str) -> None:
    domain = POLICY.domains[written.rpartition("@")[2]]
    assert addressed(POLICY, written, NAMELESS) == (written, domain)


@pytest.mark.parametrize(
    "written", ["bob@elsewhere.net", "srs0=h=tt=example.org=bob@elsewhere.net", "example.org@elsewhere.net"]
)
def test_an_address_of_others_is_theirs(written: str) -> None:
    address, domain = addressed(POLICY, written, NAMELESS)
    assert (address, domain.domain_id) == (written, 0)


@pytest.mark.parametrize(
    "written",
    ["bob", "bob.smith", "bob@", "bob@[192.0.2.1]", "bob@localhost", "bob@exam ple.org", "a!" * 17 + "b"],
)
def test_where_no_domain_is_named_the_strictest_policy_holds(written: str) -> None:
    assert addressed(POLICY, written, NAMELESS) == (written, POLICY.domains["example.org"])


def test_the_strictest_policy_is_that_of_the_domain_known_longest() -> None:
    off, observe, protect = ProtectionMode
    assert strictest_domain(snapshot(a=observe, b=protect, c=protect)).name == "b.org"
    assert strictest_domain(snapshot(a=off, b=observe)).name == "b.org"
    assert strictest_domain(snapshot(a=off)).domain_id == 0
    assert strictest_domain(snapshot()).domain_id == 0


def test_a_long_address_is_not_looked_into_for_long() -> None:
    written = "\u00fc%" * 2000 + "b"
    began = time.process_time()
    for _ in range(1000):
        addressed(POLICY, written, NAMELESS)
    assert time.process_time() - began < 1
