"""A plain quoted-printable body is read at once; it says the same as reading it line by line."""

from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backstamp.mail.encodings import quoted_printable_places
from backstamp.mail.encodings.quoted_printable import QuotedPrintablePayload
from backstamp.mail.encodings.quoted_printable_places import OddPlaces, PlainPlaces

BEFORE = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
PLAIN = st.sampled_from(
    [b"a", b"bc ", b"\t", b"=3D", b"=3d", b"=C3=A4", b"=20", b"=0A", b"=0D=0A", b"x" * 70]
)
ODD = st.sampled_from(
    [b"=", b"==", b"=zz", b"=3", b" ", b"\r", b"\n", b"\r\n", b"=\r\n", b"=\n", b"= \r\n", b"D"]
)


def body_of(newline: bytes, pieces: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.lists(pieces | st.sampled_from([newline, b"=" + newline]), max_size=30).map(b"".join)


def agree(body: bytes) -> bool:
    """Whether the body was read at once; all spans stand where the slow reading has them."""
    raw = BEFORE + body + b"\r\n--b--"
    start, end = len(BEFORE), len(BEFORE) + len(body)
    plain, odd = PlainPlaces.read(raw, start, end), OddPlaces(raw, start, end)
    if plain is None:
        return False
    assert plain.data is not None
    assert plain.data == odd.data == plain.decoded() == odd.decoded()
    size = len(plain.data)
    spans = [(first, last) for first in range(size + 1) for last in range(first, min(first + 4, size + 1))]
    assert plain.locate(spans) == odd.locate(spans)
    assert plain.locate(spans[::-1]) == odd.locate(spans[::-1])
    for most_listed in (0, 1, 3):
        counted = PlainPlaces.read(raw, start, end, most_listed)
        assert counted is not None
        assert counted.locate(spans) == odd.locate(spans)
    return True


@settings(deadline=None)
@given(st.sampled_from([b"\r\n", b"\n"]).flatmap(lambda newline: body_of(newline, PLAIN)))
def test_a_body_by_the_standard_is_read_at_once_as_line_by_line(body: bytes) -> None:
    agree(body)


@settings(deadline=None)
@given(body_of(b"\r\n", PLAIN | ODD))
# Two escaped line feeds made up for one `=` that is none.
@example(b"a=zz b=0A=0Ac=\r\nd")
@example(b"a=3=\r\nD")
@example(b"a==\r\n41")
@example(b"a=\r\n\r\nb=\n=0Ac")
@example(b"a=\r\n=\r\n")
@example(b"a=\r")
# A line end in two, which programs that read line by line take for two.
@example(b"a\r=\r\n\nb")
def test_whatever_is_read_at_once_is_read_as_line_by_line(body: bytes) -> None:
    agree(body)


@given(body_of(b"\r\n", PLAIN | ODD))
def test_so_is_a_body_that_is_split_in_pieces_for_its_size(body: bytes) -> None:
    with patch.object(quoted_printable_places, "_AT_ONCE", 3):
        agree(body)


def test_no_piece_ends_at_a_soft_break_where_a_blank_would_end_a_line() -> None:
    with patch.object(quoted_printable_places, "_AT_ONCE", 1):
        assert agree(b"a =\r\nb =\r\n=C3=A4\r\nc")


def test_what_every_encoder_writes_is_read_at_once() -> None:
    assert agree(b'<a href=3D"https://example.com/=\r\nlong">x</a>\r\n\r\n=C3=A4=\r\n')
    assert agree(b'<a href=3D"https://example.com/=\nlong">x</a>\n\n=C3=A4=\n')
    assert agree(b"no line end")
    assert agree(b"")


def test_what_programs_read_differently_is_not() -> None:
    for body in (
        b"a \r\nb",
        b"a\rb",
        b"a\nb\r\n",
        b"a=zz",
        b"a=3=\r\nD",
        b"a==\r\n41",
        b"a=",
        b"a= \r\nb",
        b"a\t",
    ):
        assert not agree(body), body


@pytest.mark.parametrize(
    ("body", "in_doubt"),
    [
        (b"a=3=\r\nD", True),
        (b"a==\r\n41", True),
        (b"a=3= \t\nD", True),
        (b"a=\r\r\nb", True),
        (b"a=\rb\n", True),
        (b"a= \f\r\nb", True),
        (b"a= \t\r\nb=\r\n\r\n=\n", False),
        (b"a=zz=3\r\n==3D== a\nb=", False),
        (b"a \r\nb\rc\nd\f\n", False),
    ],
)
def test_a_soft_break_that_some_programs_make_an_escape_of_is_a_doubt(body: bytes, in_doubt: bool) -> None:
    assert QuotedPrintablePayload(body, 0, len(body)).in_doubt is in_doubt
