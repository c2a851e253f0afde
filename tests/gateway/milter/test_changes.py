"""The changes, made to a model of an MTA, give the wanted message; and there are no more than needed."""

from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backstamp.gateway.milter import changes
from backstamp.gateway.milter.changes import Changes, NotPossibleError
from backstamp.mail.patches import Patched
from tests.gateway.milter.mta import Model, split

NAMES = st.sampled_from([b"Subject", b"subject", b"X-A", b"Received", b"To"])
VALUES = st.one_of(
    st.sampled_from(
        [
            b"",
            b" ",
            b" a",
            b"\tb ",
            b" one\r\n\ttwo",
            b" \r\n ",
            b"a:b",
            b" \xff\xe9",
            b"c\rd",
            b" a\r\nno field",
        ]
    ),
    st.lists(
        st.binary(max_size=6).map(lambda octets: octets.translate(None, b"\r\n\0")), min_size=1, max_size=3
    ).map(b"\r\n ".join),
)
FIELDS = st.lists(st.builds(lambda name, value: name + b":" + value, NAMES, VALUES), max_size=9)
BODIES = st.sampled_from([b"", b"a\r\n", b"\r\n\r\nb\r\n", b"x" * 65535, b"y" * 65536, b"z" * 200_000])


def find_changes(fields: list[bytes], body: bytes, wanted: bytes, *, hidden_fields: int) -> Changes:
    return changes.find_changes(fields, memoryview(body), Patched(wanted), hidden_fields=hidden_fields)


def as_message(fields: list[bytes], body: bytes) -> bytes:
    return b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def apply(fields: list[bytes], body: bytes, wanted: bytes, *, hidden: int, marks: bool) -> tuple[bytes, int]:
    """The message that an MTA has in the end, and how many changes its header needed."""
    found = find_changes(fields, body, wanted, hidden_fields=hidden)
    model = Model([each.replace(b"\r\n", b"\n") for each in fields], body, hidden=hidden, marks=marks)
    for command, data in split(b"".join(found.packets())):
        model.apply(command, data)
    return model.message, len(found.header)


@given(FIELDS, FIELDS, BODIES, BODIES, st.integers(0, 1), st.booleans())
def test_the_changes_make_the_wanted_message(
    old: list[bytes], new: list[bytes], body: bytes, new_body: bytes, hidden: int, marks: bool
) -> None:
    wanted = as_message(new, new_body)
    assert apply(old, body, wanted, hidden=hidden, marks=marks)[0] == wanted


@given(FIELDS, st.data())
def test_a_few_edits_make_the_wanted_message(old: list[bytes], data: st.DataObject) -> None:
    new = list(old)
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(new)))
        match data.draw(st.sampled_from(["put in", "take away", "change"])):
            case "put in":
                new.insert(place, b"X-New:" + data.draw(VALUES))
            case "take away" if new:
                del new[place - 1]
            case "change" if new:
                new[place - 1] = new[place - 1].partition(b":")[0] + b":" + data.draw(VALUES)
    wanted = as_message(new, b"body\r\n")
    made, count = apply(old, b"body\r\n", wanted, hidden=1, marks=False)
    assert made == wanted
    assert count == fewest(tuple(old), tuple(new))


def fewest(old: tuple[bytes, ...], new: tuple[bytes, ...]) -> int:
    """The number of changes by the plainest recursion."""

    @cache
    def cost(i: int, j: int) -> int:
        if i == len(old) or j == len(new):
            return len(old) - i + len(new) - j
        if old[i] == new[j]:
            return cost(i + 1, j + 1)
        ways = [cost(i + 1, j) + 1, cost(i, j + 1) + 1]
        name, _, value = new[j].partition(b":")
        if old[i].partition(b":")[0] == name and value:
            ways.append(cost(i + 1, j + 1) + 1)
        return min(ways)

    return cost(0, 0)


@given(FIELDS, BODIES)
@example([], b"")
def test_nothing_is_sent_for_a_message_that_stays(fields: list[bytes], body: bytes) -> None:
    found = find_changes(fields, body, as_message(fields, body), hidden_fields=1)
    assert list(found.packets()) == []


def test_a_header_too_long_to_compare_is_put_in_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_PAIRS", 3)
    old, new = [b"A: 1", b"B: 2", b"C: 3"], [b"A: 1", b"C: 4", b"B: 2", b"D: 3"]
    wanted = as_message(new, b"x\r\n")
    assert apply(old, b"x\r\n", wanted, hidden=1, marks=True) == (wanted, 5)


@pytest.mark.parametrize(
    ("octets", "pieces"), [(65_535, [65_535]), (65_536, [65_535, 1]), (200_000, [65_535] * 3 + [3_395])]
)
def test_a_piece_of_a_body_is_as_large_as_postfix_takes_it_and_no_larger(
    octets: int, pieces: list[int]
) -> None:
    found = find_changes([b"A: 1"], b"", b"A: 1\r\n\r\n" + bytes(octets), hidden_fields=1)
    assert [len(data) for _, data in split(b"".join(found.packets()))] == pieces


def test_a_body_of_nothing_replaces_one() -> None:
    found = find_changes([b"A: 1"], b"body\r\n", b"A: 1\r\n\r\n", hidden_fields=1)
    assert list(found.packets()) == [b"\0\0\0\1b"]


@pytest.mark.parametrize(
    "wanted",
    [
        b" continued\r\n\r\n",
        b"no field\r\n\r\n",
        b": no name\r\n\r\n",
    ],
)
def test_what_an_mta_cannot_be_told_is_refused(wanted: bytes) -> None:
    with pytest.raises(NotPossibleError, match="the first line of the header is no field"):
        find_changes([b"B: 2"], b"", wanted, hidden_fields=1)


def test_neither_a_nul_nor_a_line_that_is_no_field_keeps_a_message_as_it_was() -> None:
    old = [b"Subject: a\0b\r\nno field", b"X: \0\r\nno: field"]
    wanted = as_message([b"A: 1", b"Subject: new a\0b\r\nno field", old[1]], b"")
    assert apply(old, b"", wanted, hidden=1, marks=True) == (
        b"A: 1\r\nSubject: new ab\r\nno field\r\nX: \r\nno: field\r\n\r\n",
        4,
    )
    assert apply(old[:1], b"x", as_message([b"A: 1", old[0]], b"x"), hidden=1, marks=True) == (
        as_message([b"A: 1", old[0]], b"x"),
        1,
    )


def test_a_message_without_an_empty_line_is_all_header() -> None:
    assert list(find_changes([b"A: 1"], b"", b"A: 1\r\n", hidden_fields=1).packets()) == []
