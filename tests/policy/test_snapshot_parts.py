"""The policy snapshot in parts says what it says whole, and a damaged part says so in one line."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.policy import (
    Axes,
    Consent,
    ConsentMode,
    Consents,
    ConsentState,
    DomainPolicy,
    Keys,
    Kills,
    Policy,
    Snapshot,
    SnapshotError,
    SuppressionAction,
    SuppressionReason,
    decode_consents,
    decode_policy,
    decode_suppressed,
    encode_consents,
    encode_policy,
    encode_suppressed,
)
from backstamp.policy.keys import KEY_BYTES
from backstamp.vocabulary import Origin

keys = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
states = st.sampled_from([None, *ConsentState])
said = st.dictionaries(keys, st.builds(Consent, states, states), max_size=20)
axis = st.none() | st.booleans()
axes = st.builds(Axes, axis, axis)
why = st.sampled_from(SuppressionReason)
listed = st.dictionaries(
    st.sampled_from(["", "example.org", "xn--bcher-kva.example"]),
    st.dictionaries(why, st.frozensets(keys, max_size=9), max_size=4),
)
policies = st.builds(
    Policy,
    published_at_us=st.integers(0, 2**60),
    enabled=st.booleans(),
    consent_mode=st.sampled_from(ConsentMode),
    tracking_url=st.just("https://t.example.org"),
    origins=st.dictionaries(st.sampled_from(Origin), axes),
    domains=st.dictionaries(
        st.just("example.org"),
        st.builds(DomainPolicy, domain_id=st.integers(1, 9), name=st.just("example.org")),
    ),
    senders=st.dictionaries(st.just("ada@example.org"), axes),
    kills=st.builds(Kills, messages=st.frozensets(st.integers(0, 2**64 - 1))),
    suppression_action=st.sampled_from(SuppressionAction),
    guards=st.booleans(),
)


def as_keys(listed: dict[str, dict[SuppressionReason, frozenset[bytes]]]) -> Any:
    return {
        domain: {why: Keys.of(each) for why, each in reasons.items()} for domain, reasons in listed.items()
    }


@given(policies, said, listed)
def test_a_snapshot_in_parts_is_the_snapshot_whole(policy: Policy, said: Any, listed: Any) -> None:
    whole = Snapshot.of(policy, Consents.said(said), as_keys(listed))
    again = Snapshot.of(
        decode_policy(encode_policy(whole)).policy,
        decode_consents(memoryview(b"".join(encode_consents(whole.consents)))),
        decode_suppressed(memoryview(b"".join(encode_suppressed(whole.suppressed)))),
    )
    assert again == whole
    assert again.consents == {key: consent for key, consent in said.items() if consent != Consent()}
    assert again.suppressed == listed


@given(policies, said, listed)
def test_a_snapshot_of_version_1_is_read_with_all_its_parts(policy: Policy, said: Any, listed: Any) -> None:
    old = msgspec.msgpack.encode(
        {**msgspec.structs.asdict(policy), "consents": said, "suppressed": listed, "version": 1}
    )
    part = decode_policy(old)
    assert part.policy == policy
    assert part.consents == Consents.said(said)
    assert part.suppressed == listed


@given(policies, said, st.dictionaries(st.sampled_from(["", "example.org"]), st.dictionaries(keys, why)))
def test_one_of_version_1_in_which_a_key_had_one_reason_is_read_too(
    policy: Policy, said: Any, by_key: dict[str, dict[bytes, SuppressionReason]]
) -> None:
    facts = {**msgspec.structs.asdict(policy), "consents": said, "suppressed": by_key}
    part = decode_policy(msgspec.msgpack.encode(facts))
    assert (part.policy, part.consents) == (policy, Consents.said(said))
    assert part.suppressed is not None
    found = [
        (domain, key, reason)
        for domain, reasons in part.suppressed.items()
        for reason, each in reasons.items()
        for key in each
    ]
    assert sorted(found) == sorted(
        (domain, key, reason) for domain, reasons in by_key.items() for key, reason in reasons.items()
    )


def test_a_snapshot_of_version_1_says_nothing_of_its_version_and_of_what_it_lacks() -> None:
    # As 0.1.0 wrote it: fields that have their defaults are left out.
    old = {
        "published_at_us": 1,
        "enabled": True,
        "consent_mode": "required",
        "tracking_url": "",
        "origins": {},
    }
    part = decode_policy(msgspec.msgpack.encode(old))
    assert part.policy.enabled
    assert part.consents == Consents()
    assert part.suppressed == {}


@given(st.lists(keys, max_size=40), keys)
def test_keys_are_a_set(given: list[bytes], other: bytes) -> None:
    found = Keys.packed(b"".join(given))
    assert set(found) == set(given)
    assert list(found) == sorted(set(given))
    assert all(key in found for key in given)
    assert (other in found) == (other in given)
    assert Keys(found.octets) == found
    assert all(wrong not in found for wrong in (b"", b"short", other + b"x", None, 7))


@given(st.sets(keys, max_size=40), st.dictionaries(keys, st.booleans(), max_size=8), st.data())
def test_keys_that_come_and_go_leave_the_others(
    before: set[bytes], there: dict[bytes, bool], data: Any
) -> None:
    if before:
        there |= data.draw(st.dictionaries(st.sampled_from(sorted(before)), st.booleans(), max_size=8))
    found = Keys.of(before).changed(there)
    coming = {key for key, is_there in there.items() if is_there}
    assert list(found) == sorted((before - there.keys()) | coming)
    assert Keys(found.octets) == found


@pytest.mark.parametrize("given", [[b"12345678", b"short"], [b"short"], [b"1234567", b"123456789"]])
def test_a_key_of_another_length_is_refused(given: list[bytes]) -> None:
    with pytest.raises(ValueError, match="8 octets"):
        Keys.of(given)


DECODERS = (
    decode_policy,
    lambda data: decode_consents(memoryview(data)),
    lambda data: decode_suppressed(memoryview(data)),
)
WRITTEN = (
    encode_policy(
        Policy(
            published_at_us=1, enabled=True, consent_mode=ConsentMode.REQUIRED, tracking_url="", origins={}
        )
    ),
    b"".join(encode_consents(Consents.said({b"anna-key": Consent(opens=ConsentState.WITHDRAWN)}))),
    b"".join(encode_suppressed({"example.org": {SuppressionReason.MANUAL: Keys.of([b"anna-key"])}})),
)


@pytest.mark.parametrize("part", range(3))
@given(data=st.binary(max_size=200))
def test_octets_that_are_no_part_are_refused_in_one_line(part: int, data: bytes) -> None:
    with pytest.raises(SnapshotError) as caught:
        DECODERS[part](data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", range(3))
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(part: int, at: int, bit: int) -> None:
    data = bytearray(WRITTEN[part])
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(SnapshotError):
        DECODERS[part](bytes(data))


@pytest.mark.parametrize("part", range(3))
@given(length=st.integers(0, 10_000))
def test_a_part_that_is_cut_off_is_refused(part: int, length: int) -> None:
    with pytest.raises(SnapshotError):
        DECODERS[part](WRITTEN[part][: length % len(WRITTEN[part])])


@pytest.mark.parametrize(("read", "written"), [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)])
def test_one_part_is_not_taken_for_another(read: int, written: int) -> None:
    with pytest.raises(SnapshotError):
        DECODERS[read](WRITTEN[written])
