import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.tokens import (
    Keyring,
    KeyringError,
    PixelToken,
    open_page,
    open_return_path,
    open_token,
    seal_page,
    seal_pixel,
    seal_return_path,
)

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


def test_any_number_of_old_keys_goes_on_opening_what_they_sealed() -> None:
    ring, sealed = RING, []
    for number in range(600):
        sealed.append(
            (
                seal_pixel(ring, domain_id=1, tracking_id=number),
                seal_page(
                    ring,
                    domain_id=1,
                    tracking_id=number,
                    recipient_index=0,
                    recipient_key=bytes(8),
                    sender_domain="example.org",
                ),
                seal_return_path(ring, tracking_id=number, recipient_index=0),
            )
        )
        ring = ring.rotated(number.to_bytes(32), created_at=number)
    assert (len(ring.keys), ring.active_id) == (601, 601)
    ring = Keyring.from_json(ring.to_json())
    opened = [
        (open_token(ring, pixel), open_page(ring, page), open_return_path(ring, path))
        for pixel, page, path in sealed
    ]
    closed = [n for n, one in enumerate(opened) if [each and each.tracking_id for each in one] != [n] * 3]
    assert closed == []
    numbers = [each.key_id for each, _, _ in opened if each]
    assert (numbers[:2], numbers[254:257]) == ([1, 2], [255, 1, 2]), "a token has room for 255 numbers"


def test_a_key_that_was_taken_out_opens_nothing_though_others_have_its_number() -> None:
    ring = RING
    old = seal_pixel(ring, domain_id=1, tracking_id=2)
    for number in range(600):
        ring = ring.rotated(number.to_bytes(32), created_at=number)
    without = Keyring(ring.keys[1:], ring.active_id, bytes(32))
    assert open_token(ring, old) is not None
    assert open_token(without, old) is None


GOOD = RING.to_json()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not readable"),
        ("{}", "not readable"),
        (GOOD.replace('"version": 1', '"version": 2'), "format 2"),
        (GOOD.replace('"active": 1', '"active": 9'), "active key 9"),
        (GOOD.replace('"id": 1', '"id": 0').replace('"active": 1', '"active": 0'), "begin with 1"),
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
