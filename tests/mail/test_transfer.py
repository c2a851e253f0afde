"""Transfer encodings: what is decoded, and patches in the encoded octets."""

import binascii
import quopri
import re
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.mail.encodings import base64_payload, base64_places
from backstamp.mail.encodings.base64_payload import Base64Payload
from backstamp.mail.encodings.damaged_base64 import damaged_base64_readings
from backstamp.mail.encodings.quoted_printable import encode_quoted_printable
from backstamp.mail.encodings.transfer import (
    Payload,
    UndecodableError,
    UnknownEncodingError,
    decode_payload,
    is_identity,
    is_uuencoded,
    meant_encoding,
)
from backstamp.mail.patches import OverlapError, Patch, apply_patches
from backstamp.mail.reencoding import reencode_part
from backstamp.mail.structure import StructureLimits, parse_structure

CTES = ("7bit", "quoted-printable", "base64")


def encoded(data: bytes, cte: str) -> bytes:
    if cte == "base64":
        return (
            binascii.b2a_base64(data)
            if len(data) < 40
            else re.sub(rb"(.{60})", rb"\1\r\n", binascii.b2a_base64(data))
        )
    return quopri.encodestring(data) if cte == "quoted-printable" else data


def decoded(body: bytes, cte: str) -> Payload:
    return decode_payload(body, 0, len(body), cte)


@pytest.mark.parametrize("padding", [b"", b"="])
def test_a_big_base64_body_is_forgotten_and_says_the_same_when_it_is_asked_again(padding: bytes) -> None:
    data = bytes(range(251)) * 700
    body = binascii.b2a_base64(data, newline=False).rstrip(b"=") + padding
    lines = b"\r\n".join(body[at : at + 76] for at in range(0, len(body), 76))
    payload = decoded(lines, "base64")
    payload.forget_data()
    assert payload.data == data
    patches = payload.writer([(100, 110), (len(data), len(data))]).write([b"x" * 500, b"y"])
    assert patches is not None
    written = apply_patches(lines, patches)
    assert {len(line) for line in written.split(b"\r\n")[:-1]} == {76}
    assert decoded(written, "base64").data == data[:100] + b"x" * 500 + data[110:] + b"y"


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"a=3Db", b"a=b"),
        (b"a=3db=E9", b"a=b\xe9"),
        (b"soft=\r\nbreak", b"softbreak"),
        (b"soft= \t\r\nbreak", b"softbreak"),
        (b"soft=\nbreak=\rtwo", b"softbreaktwo"),
        (b"blanks  \r\nat end\t\n", b"blanks\r\nat end\n"),
        (b"kept=20 \r\n", b"kept \r\n"),
        (b"bad =XY = == =4", b"bad =XY = == =4"),
        (b"==3D", b"=="),
        (b"ends=", b"ends"),
        (b"ends=\r\n", b"ends"),
        (b"", b""),
    ],
)
def test_quoted_printable_is_read_as_the_standard_says(body: bytes, data: bytes) -> None:
    assert decoded(body, "quoted-printable").data == data


@pytest.mark.parametrize("body", [b"YQ", b"YQ==", b"Y Q=\r\n=", b"\r\nYQ==\r\n\r\n"])
def test_base64_is_read_with_and_without_padding(body: bytes) -> None:
    assert decoded(body, "base64").data == b"a"


@pytest.mark.parametrize("body", [b"YQ==YQ==", b"Y!Q=", b"YQA=\xff", b"YWJjZ", b"YQ-_"])
def test_base64_that_could_be_read_in_two_ways_is_refused(body: bytes) -> None:
    with pytest.raises(UndecodableError):
        decoded(body, "base64")


@pytest.mark.parametrize(
    ("body", "readings"),
    [
        (b"YWJj!ZGVm*", [b"abcdef"]),
        (b"YQ==\r\nYmM=", [b"abc"]),
        (b"YWJjZ", [b"abc"]),
        (b"YWJj\r\n--_", [b"abc", b"abc\xfb\xef"]),
        (b"", [b""]),
        (b"=" * 9, [b""]),
    ],
)
def test_damaged_base64_is_read_as_lenient_programs_read_it(body: bytes, readings: list[bytes]) -> None:
    assert list(damaged_base64_readings(body)) == readings


@pytest.mark.parametrize(
    ("cte", "meant"),
    [
        ("quoted printable", "quoted-printable"),
        ('"quoted-printable"', "quoted-printable"),
        ("base-64", "base64"),
        ("base64; x=y", "base64"),
        ("base64", ""),
        ("x-gzip64", ""),
        ("", ""),
    ],
)
def test_misspelled_encodings_are_known_for_what_they_mean(cte: str, meant: str) -> None:
    assert meant_encoding(cte) == meant


def test_unknown_encodings_are_refused() -> None:
    with pytest.raises(UnknownEncodingError):
        decoded(b"x", "rot13")
    assert is_uuencoded("x-uuencode")


SPANS = (
    st.lists(st.integers(0, 400), max_size=8)
    .map(sorted)
    .map(lambda each: list(zip(each[::2], each[1::2], strict=False)))
)
TEXT = st.text(alphabet="abc=é\r\n \t.<>", max_size=400).map(str.encode)
REPLACEMENT = st.text(alphabet="htps:/x=_-.", max_size=120).map(str.encode)


@pytest.mark.parametrize("cte", CTES)
@given(data=TEXT, spans=SPANS, replacement=REPLACEMENT)
@settings(max_examples=150, deadline=None)
def test_patched_octets_decode_to_the_patched_bytes(
    cte: str, data: bytes, spans: list[tuple[int, int]], replacement: bytes
) -> None:
    body = encoded(data, cte)
    payload = decoded(body, cte)
    size = len(payload.data)
    spans = distinct([(min(start, size), min(end, size)) for start, end in spans])
    patches = payload.writer(spans).write([replacement] * len(spans))
    assert patches is not None
    wanted = apply_patches(payload.data, [Patch(start, end, replacement) for start, end in spans])
    assert decoded(apply_patches(body, patches), cte).data == wanted
    for start, end in payload.raw_spans(spans):
        assert 0 <= start <= end <= len(body)


def distinct(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that share no byte and no place."""
    kept: list[tuple[int, int]] = []
    for start, end in spans:
        if not kept or start > kept[-1][1]:
            kept.append((start, end))
    return kept


@given(st.binary(max_size=300), st.sampled_from([b"\r\n", b"\n"]))
@settings(max_examples=200, deadline=None)
def test_what_we_encode_is_short_ascii_and_reads_back(data: bytes, newline: bytes) -> None:
    body = encode_quoted_printable(data, newline)
    assert body.isascii()
    assert all(len(line) <= 76 for line in body.split(newline))
    assert decoded(body, "quoted-printable").data == data
    assert quopri.decodestring(body) == data


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_decoding_never_fails_but_with_its_own_errors(body: bytes) -> None:
    for cte in CTES:
        try:
            payload = decoded(body, cte)
        except UndecodableError:
            assert cte == "base64"
        else:
            assert payload.writer([]) is not None


def test_a_blank_that_comes_to_stand_at_the_end_of_a_line_is_escaped_behind_another_patch_too() -> None:
    body = b"ab\t<img>\r\nc"
    patches = decoded(body, "quoted-printable").writer([(0, 1), (3, 8)]).write([b"A", b""])
    assert patches is not None
    assert apply_patches(body, patches) == b"Ab=09\r\nc"


def test_a_line_longer_than_998_octets_is_refused_but_in_binary_that_has_one_already() -> None:
    body = b"short\r\n" + b"x" * 990 + b"\r\n"
    assert decoded(body, "7bit").writer([(8, 8)]).write([b"12345678"]) is not None
    assert decoded(body, "7bit").writer([(8, 8)]).write([b"123456789"]) is None
    assert decoded(body, "7bit").writer([(8, 8), (20, 20)]).write([b"1234", b"12345"]) is None
    assert decoded(body, "binary").writer([(8, 8)]).write([b"123456789"]) is None
    assert decoded(body + b"x" * 999, "binary").writer([(8, 8)]).write([b"123456789"]) is not None


def test_base64_keeps_its_own_line_length_and_what_stands_before() -> None:
    body = b"YWFhYWFhYWFh\r\nYmJiYmJiYmJi\r\nY2NjY2NjY2Nj\r\n"
    (patch,) = decoded(body, "base64").writer([(12, 13)]).write([b"X"]) or []
    assert apply_patches(body, [patch]) == b"YWFhYWFhYWFh\r\nYmJiWGJiYmJi\r\nY2NjY2NjY2Nj\r\n"
    assert patch.start == 14


@pytest.mark.parametrize("width", [4, 20, 60, 61, 76, 77, 100, 998])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_base64_lines_stay_as_long_as_they_are(width: int, newline: bytes) -> None:
    encoded_text = binascii.b2a_base64(bytes(range(256)) * 10, newline=False)
    body = newline.join(encoded_text[at : at + width] for at in range(0, len(encoded_text), width)) + newline
    patches = decoded(body, "base64").writer([(700, 704)]).write([b"a replacement"])
    assert patches is not None
    lines = apply_patches(body, patches).split(newline)
    assert lines.pop() == b""
    assert {len(line) for line in lines[:-1]} == {width}
    assert len(lines[-1]) <= width
    unchanged = max(700 // 3 * 4 // width - 3, 0)
    assert lines[:unchanged] == body.split(newline)[:unchanged]


@pytest.mark.parametrize(
    ("header", "line_ends", "written"),
    [
        (b"", [b"\r", b"\r\n", b"\r\n"], b"\r\n"),
        (b"", [b"\r", b"\r", b"\n"], b"\n"),
        (b"X: y\r\n\r\n", [b"\r", b"\r", b"\r"], b"\r\n"),
        (b"X: y\n\n", [b"\r", b"\r", b"\r"], b"\n"),
        (b"X: y\r\r", [b"\r", b"\r", b"\r"], b"\r"),
    ],
)
def test_base64_gets_no_line_end_that_ends_no_line_for_others(
    header: bytes, line_ends: list[bytes], written: bytes
) -> None:
    raw = header + b"".join(b"YWFh" * 19 + line_end for line_end in line_ends)
    payload = decode_payload(raw, len(header), len(raw), "base64")
    patches = payload.writer([(0, 1)]).write([b"x" * 2000])
    assert patches is not None
    lines = apply_patches(raw, patches)[len(header) :].split(written)
    assert max(map(len, lines)) == 76
    assert len(lines) > 36


def test_base64_in_one_line_gets_lines_of_76_from_the_patch_on() -> None:
    body = binascii.b2a_base64(bytes(3000), newline=False)
    patches = decoded(body, "base64").writer([(2000, 2001)]).write([b"x"])
    assert patches is not None
    assert max(map(len, apply_patches(body, patches).split(b"\n"))) == 76


def test_base64_in_uneven_lines_is_patched_within_the_line() -> None:
    body = b"\n".join([b"Y", *[b"WFhY" * 19] * 60, b"WFh"])
    payload = decoded(body, "base64")
    at = len(payload.data) - 100
    patches = payload.writer([(at, at + 1)]).write([b"replaced"])
    assert patches is not None
    patched = apply_patches(body, patches)
    wanted = payload.data[:at] + b"replaced" + payload.data[at + 1 :]
    assert decoded(patched, "base64").data == wanted
    assert patches[0].start > len(body) // 2
    assert max(map(len, patched.split(b"\n"))) <= 76


BLANKED = st.lists(st.sampled_from([b"Y", b"WF", b"hYW", b"\n", b"\r\n", b" ", b"\t", b"\n\n"]), max_size=60)


@given(pieces=BLANKED, spans=SPANS, replacement=REPLACEMENT)
@settings(max_examples=300, deadline=None)
def test_base64_with_blanks_anywhere_decodes_to_the_patched_bytes(
    pieces: list[bytes], spans: list[tuple[int, int]], replacement: bytes
) -> None:
    body = b"".join(pieces)
    try:
        payload = decoded(body, "base64")
    except UndecodableError:
        return
    size = len(payload.data)
    spans = distinct([(min(start, size), min(end, size)) for start, end in spans])
    patches = payload.writer(spans).write([replacement] * len(spans))
    assert patches is not None
    wanted = apply_patches(payload.data, [Patch(start, end, replacement) for start, end in spans])
    assert decoded(apply_patches(body, patches), "base64").data == wanted
    for (start, end), (raw_start, raw_end) in zip(spans, payload.raw_spans(spans), strict=True):
        assert (raw_start < raw_end) is (start < end)
        groups = re.sub(rb"\s", b"", body[raw_start:raw_end])
        assert binascii.a2b_base64(groups + b"=" * (-len(groups) % 4)).startswith(
            payload.data[start // 3 * 3 if start < end else start : end]
        )


@pytest.mark.parametrize(
    ("cte", "known"),
    [
        ("", True),
        ("7bit", True),
        ("8-bit", True),
        ("binary", True),
        ("quoted-printable", True),
        ("base64", True),
        ("8bits", True),
        ("8 bit", True),
        ("utf-8", True),
        ("text/html", True),
        ("amazonses.com", False),
        ("quoted printable", False),
        ("x-gzip64", False),
        ("base64; x=y", False),
        ("base-64", False),
    ],
)
def test_only_encodings_that_all_programs_know_are_undone(cte: str, known: bool) -> None:
    assert is_identity(cte) == (known and cte not in ("quoted-printable", "base64"))
    if known:
        assert decoded(b"YWFh", cte).data in (b"YWFh", b"aaa")
    else:
        with pytest.raises(UnknownEncodingError):
            decoded(b"YWFh", cte)


@pytest.mark.parametrize(
    "data",
    [b"x" * 75 + b"--b\nContent-Type: text/html\n", b"-" * 500, b"--b\n" * 3, b"--" + b"b" * 72 + b"=x"],
)
def test_a_part_that_is_encoded_anew_makes_no_delimiter(data: bytes) -> None:
    for pad in range(6):
        text = b"x" * pad + data.strip()
        raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + b"y" * 9 + b"\n--b--\n"
        part = parse_structure(raw, StructureLimits()).children[0]
        patched = apply_patches(raw, reencode_part(raw, part, text))
        (only,) = parse_structure(patched, StructureLimits()).children
        body = patched[only.body_start : only.end]
        assert decoded(body, only.cte).data == text
        assert all(len(line) <= 76 and not line.startswith(b"--") for line in body.split(b"\n"))


def test_among_lines_that_end_otherwise_a_bare_cr_ends_no_line_of_a_header_of_ours() -> None:
    for newline in (b"\n", b"\r\n", b"\r"):
        head = newline.join((b"Content-Type: multipart/mixed; boundary=b", b"", b"--b", b""))
        raw = head + b"one\rtwo" + newline + b"--b--" + newline
        part = parse_structure(raw, StructureLimits()).children[0]
        patched = apply_patches(raw, reencode_part(raw, part, b"one\rtwo three"))
        declared = b"Content-Transfer-Encoding: quoted-printable" + newline + newline + b"one"
        assert patched.startswith(head + declared)
        (only,) = parse_structure(patched, StructureLimits()).children
        assert decoded(patched[only.body_start : only.end], only.cte).data == b"one\rtwo three"


def test_encoded_anew_a_header_whose_last_line_a_bare_cr_ends_is_over_for_all_programs() -> None:
    """Whoever knows line feeds alone reads on: in our text to its end, before to the next empty line."""
    raw = b"Subject: one\r\r\nTo: ann\r\n\nContent-Type: text/html\r\n"
    part = parse_structure(raw, StructureLimits())
    patched = apply_patches(raw, reencode_part(raw, part, raw[part.body_start :]))
    by_line_feeds = patched[: patched.index(b"\n\r\n") + 1].replace(b"\r", b"").split(b"\n")
    assert by_line_feeds == [b"Content-Transfer-Encoding: quoted-printable", b"Subject: one", b""]


def test_patches_that_overlap_are_refused() -> None:
    with pytest.raises(OverlapError):
        apply_patches(b"abcdef", [Patch(0, 3, b"x"), Patch(2, 4, b"y")])
    with pytest.raises(OverlapError):
        apply_patches(b"abc", [Patch(2, 9, b"x")])


@given(st.binary(max_size=60), st.sampled_from([4, 7, 10, 76]), st.integers(0, 60), st.integers(0, 5))
def test_base64_that_is_read_and_written_in_many_blocks_is_what_it_is_in_one(
    data: bytes, width: int, start: int, size: int
) -> None:
    signs = binascii.b2a_base64(data, newline=False)
    body = b"\r\n".join(signs[at : at + width] for at in range(0, len(signs), width)) + b"\r\n=\r\n"
    start = min(start, len(data))
    span = (start, min(start + size, len(data)))

    def written() -> tuple[bytes, list[tuple[int, int]], bytes]:
        payload = Base64Payload(body, 0, len(body))
        patches = payload.writer([span]).write([b"https://example.com/"])
        return payload.data, payload.raw_spans([span]), apply_patches(body, patches)

    whole = written()
    with (
        patch.object(base64_payload, "_AT_ONCE", 5),
        patch.object(base64_payload, "_LINES_AT_ONCE", 1),
        patch.object(base64_places, "_BLOCK", 3),
    ):
        assert written() == whole
    edited = data[: span[0]] + b"https://example.com/" + data[span[1] :]
    assert (whole[0], Base64Payload(whole[2], 0, len(whole[2])).data) == (data, edited)
