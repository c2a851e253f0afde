"""Whether mail of our own people may name one of our hosts, as the event loop finds out."""

from time import process_time

import pytest

from backstamp.gateway.rewriter.unwrapping import may_hold_ours

OURS = ("https://t.example.org/", "https://old.example.net/x/")


@pytest.mark.parametrize(
    "body",
    [
        b"see https://t.example.org/abc",
        b"see HTTPS://T.EXAMPLE.ORG/abc",
        b"see https://t.exam=\r\nple.org/abc",
        b"see https://t.exam=\nple.org/abc",
        b"see https://t.exam= \t\r\nple.o=\r\nrg/abc",
        b"https://old.example.net/x/abc",
        b"> see https://t.exam\r\n> ple.org/abc",
        b"DESCRIPTION:see https://t.exam\r\n ple.org/abc",
        b"Subject: =?utf-8?Q?a_https=3A=2F=2Ft=2Eexam?=\r\n =?utf-8?q?ple=2Eorg?=",
        b"Subject: =?utf-8?B?aHR0cHM6Ly90LkV4YW0=?=\r\n =?utf-8?b?cGxlLm9yZy8=?=",
        b"Content-Transfer-Encoding: Base64",
    ],
)
def test_a_host_of_ours_is_found_however_it_is_spelled(body: bytes) -> None:
    assert may_hold_ours(b"From: a\r\n\r\n" + body, OURS)


@pytest.mark.parametrize(
    "body",
    [
        b"=?utf-8?b?!?= =?utf-8?q?=?=",
        b"",
        b"see https://www.example.org/",
        b"t.example=\r\n\r\n.org",
        b"a = b= \r\nc",
    ],
)
def test_mail_without_one_goes_as_it_is(body: bytes) -> None:
    assert not may_hold_ours(b"From: a\r\n\r\n" + body, OURS)


def test_nothing_is_ours_where_no_mail_was_ever_guarded() -> None:
    assert not may_hold_ours(b"see https://t.example.org/abc", ())


def test_a_large_message_is_for_a_worker_to_look_into_and_holds_up_nobody() -> None:
    raw = b"a line of text = with what takes long=\r\n" * 600_000
    began = process_time()
    assert may_hold_ours(raw, OURS)
    assert process_time() - began < 0.005
