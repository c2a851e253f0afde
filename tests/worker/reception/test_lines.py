"""Mail data is the same however the network cuts it."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.worker.reception.lines import LineSource, LineTooLongError, MailDataError

LIMIT = 400
lines = st.lists(st.binary(max_size=20).filter(lambda line: not set(line) & set(b"\r\n")), max_size=12)
dotted = st.lists(st.sampled_from([b".", b"..", b"", b"a", b".a", b"a."]), max_size=12)


async def read(stream: bytes, cuts: list[int]) -> tuple[bytes | str, bytes]:
    """Read mail data and the line after it from a stream that comes in pieces."""
    reader = asyncio.StreamReader()
    source = LineSource(reader)

    async def feed() -> None:
        start = 0
        for cut in [*sorted(cuts), len(stream)]:
            reader.feed_data(stream[start:cut])
            start = max(start, cut)
            await asyncio.sleep(0)
        reader.feed_eof()

    feeding = asyncio.create_task(feed())
    try:
        data: bytes | str = await source.mail_data(LIMIT)
    except MailDataError as error:
        data = str(error)[:3]
    after = await source.line(100)
    await feeding
    return data, after


@settings(max_examples=200, deadline=None)
@given(mail=st.one_of(lines, dotted), cuts=st.lists(st.integers(0, 300), max_size=8))
def test_what_was_dot_stuffed_comes_out_as_it_was(mail: list[bytes], cuts: list[int]) -> None:
    stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in mail)
    found = asyncio.run(read(stuffed + b".\r\nNOOP\r\n", cuts))
    assert found == (b"".join(line + b"\r\n" for line in mail), b"NOOP")


@settings(max_examples=200, deadline=None)
@given(
    text=st.lists(st.sampled_from([b"\r", b"\n", b".", b"x", b"\r\n"]), max_size=20).map(b"".join),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_no_cut_changes_what_is_refused(text: bytes, cuts: list[int]) -> None:
    stream = text + b"\r\n.\r\nNOOP\r\nNOOP\r\n"
    assert asyncio.run(read(stream, cuts)) == asyncio.run(read(stream, []))


@settings(max_examples=50, deadline=None)
@given(size=st.integers(LIMIT - 3, 3 * LIMIT), cuts=st.lists(st.integers(0, 1200), max_size=8))
def test_the_limit_is_exact_and_the_connection_goes_on_after_it(size: int, cuts: list[int]) -> None:
    data, after = asyncio.run(read(b"x" * (size - 2) + b"\r\n.\r\nNOOP\r\n", cuts))
    assert after == b"NOOP"
    assert data == (b"x" * (size - 2) + b"\r\n" if size <= LIMIT else "552")


@pytest.mark.parametrize("length", [101, 5000])
async def test_a_line_too_long_is_refused_before_it_fills_memory(length: int) -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"x" * length + b"\r\n")
    reader.feed_eof()
    with pytest.raises(LineTooLongError):
        await LineSource(reader).line(100)


async def test_a_connection_that_ends_in_the_middle_of_a_mail_says_so() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"half a mail\r\n.\r")
    reader.feed_eof()
    with pytest.raises(EOFError):
        await LineSource(reader).mail_data(LIMIT)
