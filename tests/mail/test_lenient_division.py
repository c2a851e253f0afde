"""Where programs divide a multipart that take more lines for delimiters than there are."""

import time

import pytest

from backstamp.mail.multipart import divide_leniently


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        (b"--b\r\none\r\n--b--\r\n", [b"one", b""]),
        (b"--b\r\none --b two\r\n--b--\r\n", [b"one --b two", b""]),
        (b"--b\r\none --b two\r\n--bx\r\nthree", [b"one --b two", b"three"]),
        (b"--b\r\nhttps://example.com/one--b\r\ntwo", [b"https://example.com/one", b"two"]),
        (b"--b\none--b-- \ntwo", [b"one", b"two"]),
        (b"x--b\rone\r\r\n--b\r\n", [b"one\r", b""]),
    ],
)
def test_lines_that_begin_or_end_with_a_delimiter_divide_and_no_octet_before_it_is_lost(
    raw: bytes, parts: list[bytes]
) -> None:
    assert [raw[start:end] for start, end in divide_leniently(raw, 0, len(raw), b"b", 10)] == parts


@pytest.mark.parametrize("unit", [b"--b x ", b"x--b", b"--b--", b"--b\t\t"])
def test_the_time_is_linear_however_many_delimiters_a_line_holds(unit: bytes) -> None:
    """0.03 s here; each was read to the end of the line, in 10 s."""
    raw = b"x" + unit * (200_000 // len(unit)) + b"x\r\n--b--\r\n"
    began = time.process_time()
    divide_leniently(raw, 0, len(raw), b"b", 100)
    assert time.process_time() - began < 2
