import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.tokens import Keyring, KeyringError, PixelToken, open_token, seal_pixel

RING = Keyring.create(bytes(range(32)), bytes(range(32, 64)), created_at=1763683200)


def test_after_rotation_new_tokens_use_the_new_key_and_old_ones_still_open() -> None:
    old = seal_pixel(RING, domain_id=1, tracking_id=2)
    ring = RING.rotated(bytes(32), created_at=1763683300)
    new = seal_pixel(ring, domain_id=1, tracking_id=2)
    assert (ring.active_id, new != old) == (2, True)
    assert open_token(ring, old) == PixelToken(1, 1, 2, bytes(8))
    assert open_token(ring, new) == PixelToken(2, 1, 2, bytes(8))
    assert open_token(RING, new) is None


def test_a_recipient_keeps_its_key_over_rotations_and_letter_case() -> None:
    rotated = RING.rotated(bytes(32), created_at=2)
    assert RING.recipient_key("Ann@Example.org") == rotated.recipient_key(" ann@example.ORG")
    assert RING.recipient_key("ann@example.org") != RING.recipient_key("bob@example.org")
    assert RING.recipient_key("ann@example.org", "one") != RING.recipient_key("ann@example.org", "two")


def test_quotation_marks_around_a_local_part_that_needs_none_do_not_matter() -> None:
    assert RING.recipient_key('"ann.b+c"@example.org') == RING.recipient_key("ann.b+c@example.org")
    for other in ('"ann b"@example.org', '"ann..b"@example.org', '""@example.org', '"a@b"@example.org'):
        assert RING.recipient_key(other) != RING.recipient_key(other.replace('"', ""))


def test_a_domain_in_unicode_and_in_ascii_is_one_domain() -> None:
    assert RING.recipient_key("kim@Bücher.example") == RING.recipient_key("kim@xn--bcher-kva.example")
    assert RING.recipient_key("kim@" + "ü" * 300) != RING.recipient_key("kim@" + "ü" * 301)


@given(st.text(max_size=80))
def test_any_text_whatever_has_a_key_of_eight_bytes(address: str) -> None:
    assert len(RING.recipient_key(address)) == 8


def test_the_text_form_gives_the_same_ring_back() -> None:
    ring = Keyring.from_json(RING.rotated(bytes(range(9, 41)), created_at=5).to_json())
    assert ring.active_id == 2
    assert open_token(ring, seal_pixel(RING, domain_id=7, tracking_id=8)) == PixelToken(1, 7, 8, bytes(8))


def test_the_representation_shows_no_secret() -> None:
    assert repr(RING) == "Keyring(ids=[1], active=1)"


def test_a_full_ring_says_so() -> None:
    ring = RING
    for _ in range(254):
        ring = ring.rotated(bytes(32), created_at=1)
    with pytest.raises(KeyringError, match="full"):
        ring.rotated(bytes(32), created_at=1)


GOOD = RING.to_json()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not readable"),
        ("{}", "not readable"),
        (GOOD.replace('"version": 1', '"version": 2'), "format 2"),
        (GOOD.replace('"active": 1', '"active": 9'), "active key 9"),
        (GOOD.replace('"id": 1', '"id": 0').replace('"active": 1', '"active": 0'), "between 1 and 255"),
        (GOOD.replace('"secret": "AAEC', '"secret": "!!!!'), "not base64"),
        (GOOD.replace('"secret": "AAEC', '"secret": "'), "not 32 bytes"),
    ],
)
def test_a_broken_key_file_is_named_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(KeyringError, match=complaint) as caught:
        Keyring.from_json(text)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_no_bytes_whatever_make_the_reader_stumble(text: bytes) -> None:
    with pytest.raises(KeyringError):
        Keyring.from_json(text)


def test_derived_secrets_differ_by_name_and_outlive_rotation() -> None:
    assert RING.derive("one") != RING.derive("two")
    assert RING.derive("one") == RING.rotated(bytes(32), created_at=2).derive("one")
