"""Patches: carried out block by block, or one list after the other, they make the same message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.mail.composed_patches import composed
from backstamp.mail.patches import OverlapError, Patch, Patched, apply_patches, in_order

RAW = bytes(range(40))


@st.composite
def patches(draw: st.DrawFn, size: int) -> list[Patch]:
    places = sorted(draw(st.lists(st.integers(0, size), max_size=8)))
    spans = zip(places[::2], places[1::2], strict=False)
    made = [Patch(start, end, draw(st.binary(max_size=3))) for start, end in spans]
    return draw(st.permutations(made))


@given(st.data())
def test_patches_of_a_patched_message_are_composed_to_patches_of_the_message_before(
    data: st.DataObject,
) -> None:
    first = data.draw(patches(len(RAW)))
    between = apply_patches(RAW, first)
    second = data.draw(patches(len(between)))
    both = composed(len(RAW), first, second)
    assert apply_patches(RAW, both) == apply_patches(between, second)
    assert both == in_order(len(RAW), both)


@given(patches(len(RAW)), st.binary(max_size=9), st.integers(1, 60), st.integers(0, 50))
def test_in_blocks_of_any_size_a_message_is_the_same(
    changes: list[Patch], front: bytes, octets: int, start: int
) -> None:
    patched = Patched(RAW, in_order(len(RAW), changes), front)
    whole = front + apply_patches(RAW, changes)
    assert (patched.whole(), len(patched)) == (whole, len(whole))
    blocks = list(patched.blocks(octets, start=start))
    assert b"".join(blocks) == whole[start:]
    assert all(len(block) == octets for block in blocks[:-1])
    assert len(blocks[-1]) <= octets
    assert patched.head(octets) == whole[:octets]


def test_patches_that_touch_the_same_octets_are_refused() -> None:
    for bad in ([Patch(0, 3, b"x"), Patch(2, 4, b"y")], [Patch(30, 41, b"")], [Patch(3, 2, b"")]):
        for carry_out in (in_order, lambda size, wrong: composed(size, wrong, [])):
            with pytest.raises(OverlapError):
                carry_out(len(RAW), bad)
