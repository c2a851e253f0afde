"""Sealed return paths: what they say, and that nobody else can make one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.tokens import Keyring, Purpose, ReturnPath, open_return_path, seal_return_path
from backstamp.tokens.return_paths import _FORMAT
from backstamp.tokens.sealing import _sealing

RING = Keyring.create(bytes(range(32)), bytes(range(32, 64)), 1_700_000_000)
OTHER = Keyring.create(bytes(32), bytes(range(32, 64)), 1_700_000_000)

IDS = st.integers(0, 2**64 - 1)
INDEXES = st.integers(0, 0xFFFF)


@given(IDS, INDEXES)
def test_a_return_path_says_which_copy_it_is_for(tracking_id: int, index: int) -> None:
    local_part = seal_return_path(RING, tracking_id=tracking_id, recipient_index=index)
    assert open_return_path(RING, local_part) == ReturnPath(1, tracking_id, index)


@given(IDS, INDEXES)
def test_it_is_a_local_part_that_every_server_takes(tracking_id: int, index: int) -> None:
    local_part = seal_return_path(RING, tracking_id=tracking_id, recipient_index=index)
    assert re.fullmatch("b-[a-z2-7]{45}", local_part)
    assert len(local_part) <= 64


@given(IDS)
def test_it_survives_a_server_that_changes_its_letter_case(tracking_id: int) -> None:
    local_part = seal_return_path(RING, tracking_id=tracking_id, recipient_index=3)
    assert open_return_path(RING, local_part.upper()) == ReturnPath(1, tracking_id, 3)


def test_it_opens_after_the_key_was_rotated() -> None:
    local_part = seal_return_path(RING, tracking_id=7, recipient_index=1)
    rotated = RING.rotated(bytes(range(64, 96)), 1_700_000_001)
    assert open_return_path(rotated, local_part) == ReturnPath(1, 7, 1)
    assert seal_return_path(rotated, tracking_id=7, recipient_index=1) != local_part


def test_another_installation_cannot_open_it() -> None:
    assert open_return_path(OTHER, seal_return_path(RING, tracking_id=7, recipient_index=1)) is None


@given(st.integers(2, 46), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_one_character_changed_makes_it_nobodys(place: int, character: str) -> None:
    good = seal_return_path(RING, tracking_id=7, recipient_index=1)
    bad = good[:place] + character + good[place + 1 :]
    # The last character carries one bit that means nothing.
    expected = ReturnPath(1, 7, 1) if bad == good or (place == 46 and bad[:-1] == good[:-1]) else None
    assert open_return_path(RING, bad) in (expected, None)
    if place < 46 and bad != good:
        assert open_return_path(RING, bad) is None


@given(st.text())
def test_any_other_text_is_nobodys(text: str) -> None:
    assert open_return_path(RING, text) is None


@pytest.mark.parametrize("purpose", [Purpose.PIXEL, Purpose.LINK])
def test_what_was_sealed_for_another_purpose_does_not_open(purpose: Purpose) -> None:
    from base64 import b32encode, urlsafe_b64decode

    token = _sealing(RING, purpose)([_FORMAT.pack(7, 1, 1)])[0]
    raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert open_return_path(RING, "b-" + b32encode(raw).decode().rstrip("=").lower()) is None
