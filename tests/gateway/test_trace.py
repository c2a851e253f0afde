"""The Received field, hop counting and reports."""

import email
import email.policy
import re
from datetime import UTC, datetime
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from backstamp.gateway.delivering.dsn import Refused, failure_report, wants_report
from backstamp.gateway.protocol.commands import Mailbox, parse_mail, parse_rcpt
from backstamp.gateway.protocol.reply import reply
from backstamp.gateway.trace import Hop, received_field

AT = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
ALL = frozenset({"DSN", "SMTPUTF8"})


def field(recipient: str = "", **hop: object) -> bytes:
    values: dict[str, object] = {"helo": "client.example", "hostname": "backstamp.example"}
    return received_field(Hop(**(values | hop)), trace_id="0" * 16, at=AT, recipient=recipient)  # type: ignore[arg-type]


def test_the_field_says_who_how_and_when() -> None:
    assert field("bob@example.net", address="192.0.2.1", tls=True, authenticated=True) == (
        b"Received: from client.example ([192.0.2.1])\r\n"
        b"\tby backstamp.example (Backstamp) with ESMTPSA id 0000000000000000\r\n"
        b"\tfor <bob@example.net>;\r\n"
        b"\tWed, 01 May 2024 12:00:00 +0000\r\n"
    )
    assert b"([IPv6:2001:db8::1])" in field(address="2001:db8::1")
    assert b" with UTF8SMTPS id" in field(tls=True, utf8=True)
    assert b" with LMTP id" in field(lmtp=True)
    assert b" with SMTP id" in field(extended=False)
    assert b"from [192.168.1.5]\r\n" in field(helo="[192.168.1.5]")


@given(st.text(max_size=300), st.text(max_size=100), st.text(max_size=100))
def test_whatever_a_client_says_the_field_stays_one_short_field(
    helo: str, address: str, recipient: str
) -> None:
    made = field(recipient, helo=helo, address=address)
    assert made.isascii()
    assert re.fullmatch(rb"Received:[^\r\n]{1,700}\r\n(?:\t[^\r\n]{1,700}\r\n){2,3}", made)
    assert made.count(b";") == 1


def report(recipient: str, text: str, original: bytes = b"Subject: x\r\n\r\nsecret body\r\n") -> bytes:
    return failure_report(
        parse_mail("FROM:<ann@example.org> ENVID=e+2B1", ALL),
        [
            Refused(
                parse_rcpt(f"TO:<{recipient}> ORCPT=rfc822;old+40example.net", ALL),
                reply(550, text),
            )
        ],
        original,
        hostname="backstamp.example",
        next_hop="smtp://127.0.0.1:25",
        trace_id="0" * 16,
        at=AT,
    )


def test_a_report_is_read_as_a_dsn_by_others() -> None:
    made = email.message_from_bytes(report("bob@example.net", "5.1.1 nobody here"), policy=email.policy.SMTP)
    assert isinstance(made, EmailMessage)
    assert made.get_content_type() == "multipart/report"
    assert made["Auto-Submitted"] == "auto-replied"
    text, status, header = made.iter_parts()
    per_message, per_recipient = status.iter_parts()
    assert per_message["Original-Envelope-Id"] == "e+1"
    assert per_recipient["Original-Recipient"] == "rfc822;old@example.net"
    assert per_recipient["Final-Recipient"] == "rfc822; bob@example.net"
    assert (per_recipient["Action"], per_recipient["Status"]) == ("failed", "5.1.1")
    assert header.get_content_type() == "text/rfc822-headers"
    assert b"secret" not in report("bob@example.net", "no")
    assert "nobody here" in str(text)


def test_a_report_of_an_internationalised_address_is_ascii() -> None:
    made = report("jürgen@exämple.net", "5.1.1 nö\r\nX: y")
    assert made.isascii()
    assert rb"Final-Recipient: utf-8; j\x{FC}rgen@ex\x{E4}mple.net" in made
    assert b"\r\nX: y" not in made


def test_who_is_told() -> None:
    assert wants_report(Mailbox("a@b"))
    assert wants_report(parse_rcpt("TO:<a@b> NOTIFY=success,failure", ALL))
    assert not wants_report(parse_rcpt("TO:<a@b> NOTIFY=NEVER", ALL))
    assert not wants_report(parse_rcpt("TO:<a@b> NOTIFY=DELAY", ALL))
