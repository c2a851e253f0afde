"""What a message is told in its own header changes nothing else of it."""

from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.mail.marks import marks
from backstamp.mail.patches import apply_patches

OURS = frozenset({b"x-ours"})
PLAIN = b"From: a@example.org\r\nSubject: hi\r\n\r\nbody\r\n"


def marked(raw: bytes, fields: list[tuple[str, str]], **more: Any) -> bytes:
    return apply_patches(raw, marks(raw, fields, **more))


def test_fields_stand_in_front_and_words_before_the_subject() -> None:
    got = marked(PLAIN, [("X-Ours", "yes")], subject="[bad]", ours=OURS)
    assert got == b"X-Ours: yes\r\nFrom: a@example.org\r\nSubject: [bad] hi\r\n\r\nbody\r\n"


def test_a_message_without_a_subject_gets_one_and_each_of_several_is_told() -> None:
    assert marked(b"From: a\r\n\r\nx", [], subject="[bad]") == b"Subject: [bad]\r\nFrom: a\r\n\r\nx"
    twice = b"Subject: one\r\nSubject: two\r\n\r\nx"
    assert marked(twice, [], subject="[bad]") == b"Subject: [bad] one\r\nSubject: [bad] two\r\n\r\nx"


@pytest.mark.parametrize("blank", [b" ", b"", b"\t"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("length", [970, 984, 989, 990, 998])
def test_no_line_grows_beyond_the_limit_by_our_words(blank: bytes, end: bytes, length: int) -> None:
    words = b"w" * (length - len(b"Subject:" + blank))
    raw = b"From: a" + end + b"Subject:" + blank + words + end + b" more" + end + end + b"x"
    got = marked(raw, [], subject="[links not checked]")
    assert max(map(len, got.split(end))) <= 998
    assert got.replace(b" [links not checked]", b"").replace(end, b"").replace(b": w", b":w") == raw.replace(
        end, b""
    ).replace(b": w", b":w")
    assert message_from_bytes(got)["Subject"].split()[-2:] == [words.decode(), "more"]


def test_a_subject_that_goes_on_in_the_next_line_anyway_stays_folded_there() -> None:
    raw = b"Subject:\r\n " + b"w" * 990 + b"\r\n\r\nx"
    assert marked(raw, [], subject="[bad]") == raw.replace(b"Subject:", b"Subject: [bad]")


def test_a_strangers_fields_with_our_names_go() -> None:
    assert marked(b"x-Ours: a\r\n b\r\n" + PLAIN, [], ours=OURS) == PLAIN


def test_behind_a_lone_carriage_return_nothing_is_taken_out_or_put_in() -> None:
    raw = b"Foo: a\rX-Ours: b\r\nContent-Type: text/plain\r\n\r\nx"
    assert marked(raw, [], ours=OURS) == raw
    odd = b"Foo: a\rSubject: s\r\n\r\nx"
    assert marked(odd, [], subject="[bad]") == b"Subject: [bad]\r\n" + odd


def test_a_message_whose_first_line_is_blank_keeps_its_reading() -> None:
    assert marked(b" odd\r\n\r\nx", [("X-Ours", "yes")]) == b"X-Ours: yes\r\n\r\n odd\r\n\r\nx"


def test_long_values_are_folded_at_blanks() -> None:
    got = marked(PLAIN, [("X-Ours", " ".join(["word"] * 40))])
    assert max(len(line) for line in got.split(b"\r\n")) <= 78
    assert got.endswith(PLAIN)


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_they_stand_behind_our_fields(raw: bytes) -> None:
    assert marked(raw, [("X-Ours", "yes")]).endswith(raw)


LINES = [
    b"\r\n",
    b"\n",
    b"\r",
    b"X-Ours: a",
    b"x-OURS :b",
    b"From: a",
    b"From x",
    b" b",
    b":",
    b"\r\n\r\n",
    b"\n\n",
    b"\xff",
]


@given(st.lists(st.sampled_from(LINES), max_size=9).map(b"".join))
def test_headers_that_are_not_read_because_nothing_of_ours_is_in_them_come_out_as_if_they_were(
    raw: bytes,
) -> None:
    always_read = OURS | {b""}
    assert marked(raw, [("X-Ours", "y")], ours=OURS) == marked(raw, [("X-Ours", "y")], ours=always_read)
