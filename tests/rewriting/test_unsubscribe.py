"""List-Unsubscribe of ours: where it is added, and how it goes again."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.rewriting import Direction, Manifest, Options, plan, unwrap
from tests.rewriting.sealers import FixedSealer

URL = FixedSealer().unsubscribe()
FIELDS = f"List-Unsubscribe: <{URL}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode()
ASKED = Options(opens=False, links=False, unsubscribe=True, one_click=True)
MAIL = b"From: a@example.org\r\nSubject: x\r\n\r\nHello.\r\n"


def made(raw: bytes, options: Options = ASKED) -> bytes:
    return plan(raw, options).apply(FixedSealer()).raw


def test_the_two_fields_stand_first_and_nothing_else_changes() -> None:
    assert made(MAIL) == FIELDS + MAIL


def test_one_click_is_not_offered_where_the_address_is_not_https() -> None:
    without = msgspec.structs.replace(ASKED, one_click=False)
    assert made(MAIL, without) == FIELDS.partition(b"\r\n")[0] + b"\r\n" + MAIL
    assert plan(MAIL, without).manifest.added_fields == ("list-unsubscribe",)


def test_lines_end_as_those_of_the_message() -> None:
    mail = MAIL.replace(b"\r\n", b"\n")
    assert made(mail) == FIELDS.replace(b"\r\n", b"\n") + mail


@pytest.mark.parametrize(
    "raw",
    [
        b"List-Unsubscribe: <mailto:u@example.org>\r\n" + MAIL,
        b"LIST-UNSUBSCRIBE:\r\n <https://example.org/u>\r\n" + MAIL,
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" + MAIL,
        b"From: a@example.org\r\nthis is no field\r\nList-Unsubscribe: <https://example.org/u>\r\n\r\nx\r\n",
        b"no header at all\r\n",
    ],
)
def test_a_message_that_may_have_one_keeps_its_own(raw: bytes) -> None:
    assert made(raw) == raw
    assert plan(raw, ASKED).manifest.added_fields == ()


def test_received_mail_is_given_none() -> None:
    assert made(MAIL, msgspec.structs.replace(ASKED, direction=Direction.INBOUND)) == MAIL


def test_a_separator_of_mail_folders_stays_the_first_line() -> None:
    assert made(b"From a Mon\r\n" + MAIL) == b"From a Mon\r\n" + FIELDS + MAIL


def test_it_stands_beside_pixel_links_and_control_fields() -> None:
    raw = (
        b"X-Backstamp-Opens: on\r\nFrom: a@example.org\r\nContent-Type: text/html\r\n\r\n"
        b'<html><body><a href="https://example.org/">x</a></body></html>\r\n'
    )
    rewritten = plan(raw, Options(unsubscribe=True, one_click=True)).apply(FixedSealer())
    assert rewritten.raw.startswith(FIELDS + b"From: ")
    manifest = Manifest.from_json(rewritten.manifest.to_json())
    assert manifest.added_fields == ("list-unsubscribe", "list-unsubscribe-post")
    assert unwrap(rewritten.raw, lambda _: None, manifest) == raw
    assert (
        unwrap(b"Received: later\r\n" + rewritten.raw, lambda _: None, manifest)
        == b"Received: later\r\n" + raw
    )


def test_keys_alone_take_away_our_fields_and_no_others() -> None:
    def reads(url: str) -> str | None:
        return "" if url == URL else None

    assert unwrap(made(MAIL), reads) == MAIL
    assert unwrap(b"Received: later\r\n" + made(MAIL), reads) == b"Received: later\r\n" + MAIL
    foreign = FIELDS.replace(URL.encode(), b"https://other.example/u/1") + MAIL
    assert unwrap(foreign, reads) == foreign


@given(st.binary(max_size=300), st.sampled_from([b"", b"From: a@example.org\r\n", b"Subject: a\n b\n"]))
def test_always_the_rest_of_the_message_is_untouched(body: bytes, head: bytes) -> None:
    raw = head + body
    rewritten = plan(raw, ASKED).apply(FixedSealer())
    assert rewritten.raw == raw or rewritten.raw.replace(b"\r\n", b"\n").replace(
        FIELDS.replace(b"\r\n", b"\n"), b"", 1
    ) == raw.replace(b"\r\n", b"\n")
    assert unwrap(rewritten.raw, lambda _: None, rewritten.manifest) == raw
