"""Links that only programs see which read a broken message's structure otherwise are listed."""

import base64
import time

import pytest

from backstamp.rewriting import Decision, Direction, Limits, Options, SkipReason, plan
from tests.rewriting.sealers import FixedSealer

INBOUND = Options(direction=Direction.INBOUND)
URL = "https://evil.example/login"
HTML = f'<p>Your parcel <a href="{URL}">waits</a></p>'
IN_BASE64 = base64.encodebytes(HTML.encode()).decode()
BASE64 = "Content-Transfer-Encoding: base64\n"
PART = f"Content-Type: text/html\n{BASE64}\n{IN_BASE64}"
MIXED = "Content-Type: multipart/mixed; boundary=b\n"


def received(text: str, options: Options = INBOUND) -> list[tuple[str, str, str | None]]:
    raw = f"From: eve@example.org\n{text}".replace("\n", "\r\n").encode()
    made = plan(raw, options)
    manifest = made.manifest
    if all(each.decision is Decision.SKIPPED for each in manifest.candidates):
        assert made.apply(FixedSealer()).raw == raw
    return [(each.part, each.url, each.skip_reason) for each in manifest.candidates]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"a stray line\nContent-Type: text/html\n{BASE64}\n{IN_BASE64}", id="stray line"),
        pytest.param(f"a stray line\n{MIXED}\n--b\n{PART}--b--\n", id="stray line before a multipart"),
        pytest.param(
            f"Content-Type: text/html\n{BASE64[:25]} {BASE64[25:]}\n{IN_BASE64}", id="blank before colon"
        ),
        pytest.param(
            f"Content-Type: text/html\n{BASE64}{BASE64.replace('base64', '7bit')}\n{IN_BASE64}",
            id="encoded first",
        ),
        pytest.param(
            f"Content-Type: text/html\n{BASE64.replace('base64', '7bit')}{BASE64}\n{IN_BASE64}",
            id="encoded last",
        ),
        pytest.param(f"{MIXED.strip()}; boundary=c\n\n--c\n{PART}--c--\n", id="second boundary"),
        pytest.param(
            f"{MIXED}{MIXED.replace('=b', '=c')}\n--c\n{PART}--c--\n", id="boundary of a second field"
        ),
        pytest.param(f"Content-Type: multipart/mixed\n\n--c\n{PART}--c--\n", id="no boundary"),
        pytest.param(f"{MIXED}\n--c\n{PART}--c--\n", id="another boundary"),
        pytest.param(f"{MIXED}\n--b--\n--b\n{PART}--b--\n", id="end before the beginning"),
        pytest.param(f"Content-Type: text/plain; boundary=b\n\n--b\n{PART}--b--\n", id="boundary of a text"),
        pytest.param(
            f"Content-Type: message/multipart/mixed; boundary=b\n\n--b\n{PART}--b--\n", id="odd type"
        ),
        pytest.param(f"X: y\r{BASE64}Content-Type: text/html\n\n{IN_BASE64}", id="CR alone ends a line"),
        pytest.param(
            f"X: y\rZ: {BASE64}Content-Type: text/html\n\n{IN_BASE64}".replace("Z: ", "\n"), id="CR before LF"
        ),
        pytest.param(
            f"Content-Type: message/partial; total=1\n\nSubject: x\n{PART}", id="a part of one part"
        ),
    ],
)
def test_a_link_that_only_another_reading_shows_is_listed(text: str) -> None:
    assert URL in [
        url for _, url, reason in received(text) if reason is None or SkipReason(reason).unprotected
    ]


def encoded(text: str) -> str:
    return base64.encodebytes(text.encode()).decode()


MESSAGE = f"From: eve@example.org\n{PART}"
ATTACHED = f"Content-Type: message/rfc822\n{BASE64}\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ATTACHED + encoded(MESSAGE), id="message"),
        pytest.param(ATTACHED + encoded(f"{MIXED}\n--b\n{PART}--b--\n"), id="message of parts"),
        pytest.param(ATTACHED + encoded(ATTACHED + encoded(MESSAGE)), id="message in a message"),
        pytest.param(f"{MIXED}{BASE64}\n{encoded(f'--b{chr(10)}{PART}--b--{chr(10)}')}", id="multipart"),
        pytest.param(f"{MIXED}\n--b\n{ATTACHED}{encoded(MESSAGE)}--b--\n", id="attached message"),
        pytest.param(
            f"Content-Type: message/partial\n{BASE64}\n{encoded(MESSAGE)}", id="a part of a message"
        ),
    ],
)
def test_links_of_an_encoded_message_are_listed_with_the_whole_of_it(text: str) -> None:
    raw = f"From: eve@example.org\n{text}".replace("\n", "\r\n").encode()
    (link,) = plan(raw, INBOUND).manifest.candidates
    assert (link.url, link.skip_reason) == (URL, SkipReason.BROKEN_STRUCTURE)
    assert base64.b64decode(raw[link.start : link.end], validate=False)


@pytest.mark.parametrize("inner", [ATTACHED + encoded(MESSAGE), f"a stray line\n{PART}"])
def test_within_what_is_signed_such_links_are_signed(inner: str) -> None:
    signed = f"Content-Type: multipart/signed; boundary=b\n\n--b\n{inner}--b\nContent-Type: x/y\n\n--b--\n"
    assert received(signed) == [("1.1", URL, SkipReason.SIGNED)]


def test_messages_encoded_within_each_other_have_an_end() -> None:
    text = MESSAGE
    for _ in range(12):
        text = ATTACHED + encoded(text)
    assert received(text) == []


def test_it_is_listed_once_with_the_part_in_which_it_stands() -> None:
    shown = f"Content-Type: text/html\n\n{HTML.replace('evil', 'one')}\n"
    behind = f"--b\n{PART}--b\n{PART.replace('<p>', '<p> ')}--b--\n"
    assert received(f"{MIXED}\n--b\n{shown}--b--\n{behind}") == [
        ("1.1", "https://one.example/login", None),
        ("1", URL, SkipReason.BROKEN_STRUCTURE),
    ]
    inner = f"a stray line\n{PART}"
    assert received(f"{MIXED}\n--b\n{shown}--b\n{inner}--b--\n") == [
        ("1.1", "https://one.example/login", None),
        ("1.2", URL, SkipReason.BROKEN_STRUCTURE),
    ]


def test_a_part_that_is_read_alike_is_not_listed_again() -> None:
    text = f"{MIXED}\n--b\nContent-Type: text/html\n\n{HTML}\n--b--\n--b\nContent-Type: text/plain\n\nx\n"
    assert received(text) == [("1.1", URL, None)]


def test_in_sent_mail_nothing_is_listed_for_other_readings() -> None:
    text = f"a stray line\nContent-Type: text/html\n{BASE64}\n{IN_BASE64}"
    assert received(text, Options(direction=Direction.OUTBOUND)) == []


def test_there_is_a_bound_on_links_and_on_octets() -> None:
    links = "".join(f'<a href="https://evil.example/{number}">x</a>' for number in range(20))
    text = f"a stray line\nContent-Type: text/html\n{BASE64}\n{base64.encodebytes(links.encode()).decode()}"
    few = Options(direction=Direction.INBOUND, limits=Limits(links=5))
    assert len(received(text, few)) == 6
    assert received(text, few)[-1][2] == SkipReason.TOO_MANY_LINKS
    small = Options(direction=Direction.INBOUND, limits=Limits(html_bytes=100))
    assert received(text, small) == []


@pytest.mark.parametrize(("limit", "listed"), [(1000, 0), (2000, 1)])
def test_of_all_other_readings_together_so_many_octets_are_read(limit: int, listed: int) -> None:
    first = "Content-Type: text/plain\n\n" + "nothing here\n" * 55
    second = "Content-Type: text/html\n\n" + "<!-- x -->\n" * 40 + HTML + "\n"
    small = Options(direction=Direction.INBOUND, limits=Limits(html_bytes=limit))
    assert len(received(f"a stray line\n{MIXED}\n--b\n{first}--b\n{second}--b--\n", small)) == listed


@pytest.mark.parametrize("kind", ["image/png", "text/plain"])
def test_what_is_not_read_keeps_nothing_that_is_from_being_read(kind: str) -> None:
    large = f"Content-Type: {kind}\n{BASE64}\n{base64.encodebytes(bytes(3000)).decode()}"
    small = Options(direction=Direction.INBOUND, limits=Limits(html_bytes=1000))
    assert received(f"a stray line\n{MIXED}\n--b\n{large}--b\n{PART}--b--\n", small) == [
        ("1", URL, SkipReason.BROKEN_STRUCTURE)
    ]


@pytest.mark.parametrize(
    "unit", [f"--b\n{PART}", f"--b--\n{PART}", "--bx\n\n", f" --b\n{MIXED}\n", "--b\rx\n"]
)
def test_the_time_grows_with_the_size(unit: str) -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        received(f"a stray line\n{MIXED}\n{unit * count}")
        return time.process_time() - start

    seconds(20)
    small, large = (min(seconds(count) for _ in range(3)) for count in (100, 800))
    assert large < max(small, 0.005) * 8 * 3
