"""Compiled lists with a fitting checksum and a directory that lies."""

import sys
from typing import Any

import google_crc32c
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.threats.lists import ThreatLists, ThreatListsError
from backstamp.threats.lists.layout import CHECKSUM, MAGIC, PLACE

BODY = MAGIC + bytes(1024)


def forged(directory: object) -> bytes:
    encoded = msgspec.json.encode(directory)
    encoded += b" " * (-len(encoded) % 8)
    whole = BODY + encoded + PLACE.pack(len(BODY), len(encoded))
    return whole + CHECKSUM.pack(google_crc32c.value(whole))


def directory(**changes: object) -> dict[str, Any]:
    source = {"name": "a", "threat_type": "spam"}
    whole = {
        "byte_order": sys.byteorder,
        "compiled_us": 0,
        "filter_at": 8,
        "filter_bits": 10,
        "lists": [{"source": source, "count": 10, "keys_at": 8, "days_at": 8}],
    }
    return whole | changes


def a_list(**changes: object) -> list[dict[str, object]]:
    return [directory()["lists"][0] | changes]


def test_the_forger_can_make_good_lists() -> None:
    assert ThreatLists(forged(directory())).count("a") == 10


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"byte_order": "middle"}, "another kind of machine"),
        ({"filter_bits": 3}, "the filter is of no size"),
        ({"filter_bits": 64}, "the filter is of no size"),
        ({"filter_bits": 20}, "outside of the file"),
        ({"filter_at": 9}, "outside of the file"),
        ({"filter_at": -8}, "outside of the file"),
        ({"filter_at": 10**30}, "outside of the file"),
        ({"lists": a_list(count=10**30)}, "outside of the file"),
        ({"lists": a_list(count=-1)}, "outside of the file"),
        ({"lists": a_list(keys_at=1 << 40)}, "outside of the file"),
        ({"lists": a_list(days_at=12)}, "outside of the file"),
        ({"lists": a_list(days_at=0, day=-1)}, "a day that is none"),
        ({"lists": a_list() * 2}, "two have one name"),
        ({"lists": a_list(source={"name": "a", "threat_type": "?"})}, "cannot be read"),
        (
            {"lists": a_list(source={"name": "a", "threat_type": "spam", "prefix_bytes": 99})},
            "cannot be read",
        ),
        ({"lists": 3}, "cannot be read"),
    ],
)
def test_a_directory_that_lies_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ThreatListsError, match=words):
        ThreatLists(forged(directory(**changes)))


NUMBERS = st.integers(-8, 1100) | st.integers()


@given(
    st.builds(
        lambda filter_at, bits, count, keys_at, days_at, day: directory(
            filter_at=filter_at,
            filter_bits=bits,
            lists=a_list(count=count, keys_at=keys_at, days_at=days_at, day=day),
        ),
        NUMBERS,
        NUMBERS,
        NUMBERS,
        NUMBERS,
        NUMBERS,
        NUMBERS,
    )
    | st.builds(directory)
)
def test_whatever_it_says_nothing_but_the_one_error_is_raised(lie: dict[str, Any]) -> None:
    try:
        lists = ThreatLists(forged(lie))
    except ThreatListsError:
        return
    for full in (bytes(32), b"\xff" * 32):
        lists.look_up_hashes([("x/", full)])
    list(lists.look_up("http://a.example/"))
