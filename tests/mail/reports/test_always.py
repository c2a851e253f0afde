"""Whatever a mail is, reading it as a report ends soon, with an answer."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.mail.reports import MailReport, ReportKind, read_report
from tests.mail.test_linear import check_linear

words = st.sampled_from(
    [
        b"From: mailer-daemon@x\n",
        b"Return-Path: <>\n",
        b"Subject: failure notice\n",
        b"\n",
        b"--b\n",
        b"<a@b.example>:",
        b"Content-Type: multipart/report; boundary=b\n",
        b"Content-Type: message/delivery-status\n",
        b"Final-Recipient: ",
        b"rfc822;",
        b"x400;",
        b"Action: failed\n",
        b"Status: 5.1.1\n",
        b"could not be delivered to",
        b"a@b.example",
        b"\r",
        b"\x80\xff",
        b"=?utf-8?q?=ff?=",
        b"In-Reply-To: <\x80@x>\n",
        b"Disposition: a/b; displayed\n",
        b"Content-Type: text/html\n",
        b"<html><style>",
        b"<!--",
        b"&#x110000;",
        b"Content-Transfer-Encoding: base64\n",
        b"charset=punycode",
        b"Content-Type: text/plain; charset=unicode_escape\n",
    ]
)


# The first mail compiles the expressions, and how long a mail takes is tested below.
@settings(deadline=None)
@given(st.lists(words | st.binary(max_size=20), max_size=40))
def test_no_bytes_raise_and_what_is_read_can_be_written(pieces: list[bytes]) -> None:
    report = read_report(b"".join(pieces))
    assert msgspec.json.decode(msgspec.json.encode(report), type=MailReport) == report


of_bounces = st.sampled_from(
    [
        "could not be delivered to:",
        "<bob@example.net>:",
        "550 5.1.1 user unknown",
        "Final-Recipient: rfc822; bob@example.net\nAction: failed\nStatus: 5.1.1",
        "Undelivered Mail Returned to Sender",
        "--- Below this line is a copy of the message.",
        "Received: from a by b",
        "Message-ID: <1@example.org>",
        "Diagnostic-Code: smtp; 550 no",
        "mailbox is full",
        "Feedback-Type: abuse",
        "Disposition: a/b; displayed",
        "\n",
    ]
)


@settings(deadline=None)
@given(
    st.sampled_from(["", "Re: ", "Fwd: "]),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n:"), max_size=60),
    st.lists(of_bounces | st.text(max_size=60), max_size=30),
)
def test_mail_of_people_is_never_a_report(prefix: str, subject: str, lines: list[str]) -> None:
    body = "\n".join(lines)
    raw = f"From: Bob <bob@example.net>\nTo: ann@example.org\nSubject: {prefix}About {subject}\n\n{body}\n"
    kind = read_report(raw.encode("utf-8", "replace")).kind
    assert kind in (ReportKind.NONE, ReportKind.REPLY, ReportKind.AUTO_REPLY)


HEAD = b"From: mailer-daemon@example.com\nReturn-Path: <>\nSubject: failure notice\n\n"
SHAPES = {
    "words": b"delivery to ",
    "addresses": b"<a@b.example>:\n",
    "at signs": b"a@b.",
    "dashes": b"-- a b c d\n",
    "quotes": b"> ",
    "blanks": b" ",
    "empty lines": b"\n",
    "open styles": b"<style>",
    "tags": b"<br ",
    "trace fields": b"Received: from a by b\n",
    "groups": b"Final-Recipient: rfc822; a@b.example\n\n",
    "names": b" name\n",
    "addresses in a line": b"deliver to a@b.example, ",
    "subjects": b"Subject:\n",
    "labels": b"the subject of the message ",
    "quoted mails": b'message "',
    "refused senders": b"sender <a@b.example> domain of sender ",
    "hosts": b"host domain name mx temporary ",
    "blanks in markup": b" ",
    "empty lines in markup": b"\n ",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cost_grows_with_the_length(shape: str) -> None:
    piece = SHAPES[shape]
    head = HEAD + b"<html>" * (piece.startswith((b"<style", b"<br")) or shape.endswith("markup"))

    def make(size: int) -> Callable[[], object]:
        raw = head + piece * (size // len(piece))
        return lambda: read_report(raw)

    check_linear(make, 1_000)
