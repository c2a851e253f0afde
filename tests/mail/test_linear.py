"""The cost of reading mail grows with its size, and never with the square of it: hostile shapes, measured.

Each shape is read at one size and at eight times that size. Linear reading takes eight times as long,
quadratic sixty-four times; processor time is measured, the least of several, so that a busy machine does
not decide.
"""

import time
from collections.abc import Callable

import pytest

from backstamp.mail.encodings.files_in_text import holds_file, uuencoded_blocks
from backstamp.mail.encodings.transfer import decode_payload
from backstamp.mail.parameters import parse_parameterised
from backstamp.mail.reencoding import reencode_part
from backstamp.mail.structure import Part, StructureLimits, parse_structure

BOUNDLESS = StructureLimits(parts=10**9, header_bytes=10**9, fields=10**9)
TIMES = 8
MOST = 32.0
"""Half of what a square costs: 26 was met where the smaller message lay in the processor's cache."""
LEAST_SECONDS = 0.003
"""Below this the clock and the machine's caches say more than the shape."""
LARGEST = 2_000_000


def seconds(act: Callable[[], object], times: int = 3) -> float:
    """Return the least of several."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        act()
        taken.append(time.process_time() - start)
    return min(taken)


def check_linear(make: Callable[[int], Callable[[], object]], size: int) -> None:
    """`make(n)` returns what is to be measured at size n; `size` is where to begin.

    The larger is measured again only where it took too long: whatever comes between makes it longer.
    """
    ratios = []
    for times in (1, 3, 3):
        small = seconds(make(size))
        while small < LEAST_SECONDS and size < LARGEST:
            size *= 2
            small = seconds(make(size))
        ratios.append(seconds(make(TIMES * size), times) / max(small, LEAST_SECONDS))
        if ratios[-1] < MOST:
            return
    pytest.fail(f"{TIMES} times {size} took {ratios} times as long")


def nested(levels: int, end: bytes) -> bytes:
    return (
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
            for level in range(levels)
        )
        + end
    )


MULTIPART = b"Content-Type: multipart/mixed; boundary=boundary\r\n\r\n"
SHAPES: dict[str, Callable[[int], bytes]] = {
    "fields": lambda n: b"a:\n" * n,
    "one field": lambda n: b"Subject: " + b"x" * n + b"\n\n",
    "one folded field": lambda n: b"Subject: x\n" + b" x\n" * n + b"\n",
    "blank continuation lines": lambda n: b"Subject: x\n" + b" \n" * n + b"\n",
    "a field without a colon": lambda n: b"x" * n,
    "a field of names and blanks": lambda n: b"x " * n,
    "lines that are no fields": lambda n: b"A: b\n" + b"no field\n" * n + b"\n",
    "lines that are no fields between fields": lambda n: b"A: b\nno field\n" * n + b"\n",
    "fields ended by CR": lambda n: b"A: b\r" * n + b"\nB: c\n\n",
    "mbox separators": lambda n: b"From a\n" * n,
    "content types": lambda n: b"Content-Type: text/html\n" * n + b"\n",
    "parts": lambda n: MULTIPART + b"--boundary\r\n\r\nx\r\n" * n + b"--boundary--",
    "parts without a body": lambda n: MULTIPART + b"--boundary\n" * n,
    "parts with a broken header": lambda n: MULTIPART + b"--boundary\nno field\nContent-Type: a/b\n\nx\n" * n,
    "endings": lambda n: MULTIPART + b"--boundary\r\n\r\nx\r\n" + b"--boundary--\r\n" * n,
    "near delimiters": lambda n: MULTIPART + b"--boundar\r\n" * n,
    "longer delimiters": lambda n: MULTIPART + b"--boundary\r\n\r\nx\r\n" + b"--boundary-x\r\n" * n,
    "delimiters within lines": lambda n: MULTIPART + b"x--boundary" * n,
    "delimiters and blanks": lambda n: MULTIPART + (b"--boundary" + b" " * 500 + b"x\n") * (n // 500),
    "a delimiter and blanks": lambda n: MULTIPART + b"--boundary" + b" " * n + b"x",
    "dashes": lambda n: b"Content-Type: multipart/mixed; boundary=" + b"-" * 70 + b"\r\n\r\n" + b"-" * n,
    "lines of dashes": lambda n: (
        b"Content-Type: multipart/mixed; boundary="
        + b"-" * 70
        + b"\r\n\r\n"
        + (b"-" * 71 + b"\n") * (n // 71)
    ),
    "multiparts in multiparts": lambda n: nested(20, b"x\r\n" * n),
    "delimiters in multiparts in multiparts": lambda n: nested(20, b"--b1x\r\n\r\nx\r\n" * n),
    "boundaries that begin alike": lambda n: nested(20, b"".join(b"--b1%d\r\n" % at for at in range(n))),
    "messages in messages": lambda n: b"Content-Type: message/rfc822\r\n\r\n" * 20 + b"x\r\n" * n,
    "a digest": lambda n: (
        b"Content-Type: multipart/digest; boundary=b\r\n\r\n" + b"--b\r\n\r\nSubject: x\r\n\r\nx\r\n" * n
    ),
    "a preamble": lambda n: MULTIPART + b"www href :/ " * n,
    "one line": lambda n: b"Content-Type: text/html\r\n\r\n" + b"x" * n,
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_part_tree_costs_no_more_than_its_size(name: str) -> None:
    def make(size: int) -> Callable[[], object]:
        raw = SHAPES[name](size)
        return lambda: parse_structure(raw, BOUNDLESS)

    check_linear(make, 1000)


VALUES: dict[str, Callable[[int], str]] = {
    "comments in comments": lambda n: "text/html" + "(" * n + ")" * n,
    "open comments": lambda n: "text/html; a=" + "(" * n,
    "escapes": lambda n: 'text/html; charset="' + "\\a" * n + '"',
    "an open quoted string": lambda n: 'text/html; charset="' + "a" * n,
    "quotes": lambda n: 'text/html; charset="' + '"' * n,
    "semicolons": lambda n: "text/html" + ";" * n,
    "blanks and semicolons": lambda n: "text/html; " + " ;" * n,
    "blanks": lambda n: "text/html;" + " " * n + "x",
    "a name and blanks": lambda n: "text/html;" + ("x" + " " * 100) * (n // 100),
    "parameters": lambda n: "text/html" + "".join(f"; a{at}=b" for at in range(n // 8)),
    "one parameter": lambda n: "text/html; charset=" + "x" * n,
    "the same parameter": lambda n: "text/html" + "; charset=x" * (n // 8),
    "continuations": lambda n: "text/html" + "".join(f"; charset*{at}=b" for at in range(n // 8)),
    "octets in percent": lambda n: "text/html; charset*=utf-8''" + "%41" * (n // 3),
    "a charset that takes its time": lambda n: "text/html; charset*=punycode''" + "a" * n,
    "equals signs": lambda n: "text/html; charset" + "=" * n,
    "slashes": lambda n: " / " * n,
    "stars": lambda n: "text/html; charset" + "*" * n + "=x",
    "names of parameters": lambda n: "text/html; " + "charset " * (n // 8),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_content_field_costs_no_more_than_its_length(name: str) -> None:
    def make(size: int) -> Callable[[], object]:
        text = VALUES[name](size)
        return lambda: parse_parameterised(text)

    check_linear(make, 1000)


BODIES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "base64 in one line": ("base64", lambda n: b"YWFh" * (n // 4)),
    "base64 in lines of one character": ("base64", lambda n: b"Y\nW\r\nF\nh\n" * (n // 9)),
    "base64 between blanks": ("base64", lambda n: b"Y WF h " * (n // 7)),
    "base64 in lines of 77": ("base64", lambda n: b"A" + (b"YWFh" * 19 + b"\n") * (n // 77) + b"AAA"),
    "base64 and line ends": ("base64", lambda n: b"YWFh" + b"\r\n" * n + b"YWFh"),
    "quoted-printable in one line": ("quoted-printable", lambda n: b"a" * n),
    "quoted-printable of escapes": ("quoted-printable", lambda n: b"=41" * (n // 3)),
    "quoted-printable of soft breaks": ("quoted-printable", lambda n: b"a=\r\n" * (n // 4)),
    "quoted-printable of nothing but soft breaks": ("quoted-printable", lambda n: b"=\n" * (n // 2)),
    "quoted-printable of equals signs": ("quoted-printable", lambda n: b"=" * n),
    "quoted-printable of blanks": ("quoted-printable", lambda n: b" " * n + b"x"),
    "quoted-printable of lines of blanks": ("quoted-printable", lambda n: b"  \n" * (n // 3)),
    "7bit in one line": ("7bit", lambda n: b"a" * n),
    "7bit in lines of one character": ("7bit", lambda n: b"a\n" * (n // 2)),
    "7bit in carriage returns": ("7bit", lambda n: b"\r" * n),
}


@pytest.mark.parametrize("name", BODIES)
def test_places_and_patches_cost_no_more_than_the_body(name: str) -> None:
    cte, shape = BODIES[name]

    def make(size: int) -> Callable[[], object]:
        body = shape(size)

        def act() -> None:
            payload = decode_payload(body, 0, len(body), cte)
            step = max(len(payload.data) * 1000 // size, 1)
            spans = [(at, at + 1) for at in range(0, len(payload.data) - 1, 2 * step)]
            payload.raw_spans(spans)
            payload.writer(spans).write([b"https://t.example.net/xxxxxxxxxxxxxx"] * len(spans))

        return act

    check_linear(make, 100_000)


@pytest.mark.parametrize("data", [b"-" * 100, b"a" * 100, b"\xff" * 100, b"--b\n" * 25, b"\r\n" * 50])
def test_a_part_is_encoded_anew_in_the_time_of_its_size(data: bytes) -> None:
    def make(size: int) -> Callable[[], object]:
        raw = b"\r\n" + data * (size // 100)
        part: Part = parse_structure(raw, BOUNDLESS)
        return lambda: reencode_part(raw, part, raw[2:])

    check_linear(make, 100_000)


@pytest.mark.parametrize(
    "text",
    [
        *("begin 644 a\n", "begin 644 a\nM\n", "begin 644 a\n!A\n", "begin ", "M" * 61 + "\n"),
        *("begin 644 a.b ", ".b", "begin 644 a.b\n\n", "=ybegin line=1 size=1 ", "begin 644 a." + "b" * 50),
    ],
)
def test_uuencoded_files_are_found_in_the_time_of_the_text(text: str) -> None:
    def make(size: int) -> Callable[[], object]:
        whole = "begin 644 a\n" + text * (size // len(text))
        return lambda: (uuencoded_blocks(whole), holds_file(whole))

    check_linear(make, 100_000)
