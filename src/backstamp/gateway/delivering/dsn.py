"""dsn: the report that some recipients refused a message late (RFC 3464, RFC 6522, RFC 6533)."""

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Final

import msgspec

from backstamp.gateway.protocol.commands import Mailbox
from backstamp.gateway.protocol.reply import Reply
from backstamp.gateway.protocol.xtext import decode_xtext

MOST_HEADER: Final = 64 * 1024
"""Octets of the original header section that are sent back."""
_UNPRINTABLE: Final = re.compile(r"[^ -~]")


class Refused(msgspec.Struct, frozen=True):
    """A recipient, and the reply that refused it for good."""

    recipient: Mailbox
    reply: Reply


def wants_report(recipient: Mailbox) -> bool:
    """Whether a failure may be reported for this recipient (RFC 3461 §4.1)."""
    notify = recipient.parameter("NOTIFY")
    return notify is None or "FAILURE" in notify.upper().split(",")


def failure_report(
    reverse_path: Mailbox,
    refused: Sequence[Refused],
    original: bytes,
    *,
    hostname: str,
    next_hop: str,
    trace_id: str,
    at: datetime,
) -> bytes:
    """Return a DSN for the sender of `original`, whose header section it carries."""
    date = format_datetime(at)
    boundary = f"=_{trace_id}"
    end = original.find(b"\r\n\r\n")
    header = original[: end + 2 if end >= 0 else len(original)][:MOST_HEADER]
    header = header[: header.rfind(b"\n") + 1]
    human = [
        f"  <{_utf8_addr(each.recipient.address)}>\r\n    {each.reply.code} {_printable(each.reply.text)}\r\n"
        for each in refused
    ]
    envid = reverse_path.parameter("ENVID")
    status = [
        *([f"Original-Envelope-Id: {_printable(decode_xtext(envid))}"] if envid else []),
        f"Reporting-MTA: dns; {_printable(hostname)}",
        f"Arrival-Date: {date}",
    ]
    text = (
        f"From: Mail Delivery System <MAILER-DAEMON@{_printable(hostname)}>\r\n"
        f"To: <{_utf8_addr(reverse_path.address)}>\r\n"
        "Subject: Undelivered mail: some recipients refused it\r\n"
        f"Date: {date}\r\n"
        f"Message-ID: <{trace_id}.dsn@{_printable(hostname)}>\r\n"
        "Auto-Submitted: auto-replied\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="{boundary}"\r\n'
        "\r\n"
        f"--{boundary}\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\n"
        "\r\n"
        "Your message was delivered to some of its recipients. These refused it:\r\n"
        "\r\n" + "".join(human) + "\r\n"
        f"--{boundary}\r\n"
        "Content-Type: message/delivery-status\r\n"
        "\r\n" + "\r\n".join(status) + "\r\n" + "".join(_fields(each, next_hop) for each in refused) + "\r\n"
        f"--{boundary}\r\n"
        "Content-Type: text/rfc822-headers\r\n"
        + ("" if header.isascii() else "Content-Transfer-Encoding: 8bit\r\n")
        + "\r\n"
    )
    return text.encode("ascii") + header + f"\r\n--{boundary}--\r\n".encode("ascii")


def _fields(refused: Refused, next_hop: str) -> str:
    orcpt = refused.recipient.parameter("ORCPT")
    address = refused.recipient.address
    kind = "rfc822" if address.isascii() else "utf-8"
    answer = refused.reply
    lines = [
        "",
        *([f"Original-Recipient: {_printable(decode_xtext(orcpt))}"] if orcpt else []),
        f"Final-Recipient: {kind}; {_utf8_addr(address)}",
        "Action: failed",
        f"Status: {answer.enhanced_status or '5.0.0'}",
        f"Remote-MTA: dns; {_printable(next_hop)}",
        f"Diagnostic-Code: smtp; {answer.code} {_printable(' '.join(answer.lines))}",
    ]
    return "\r\n".join(lines) + "\r\n"


def _utf8_addr(address: str) -> str:
    """Return an address in ASCII: what is outside becomes \\x{...} (utf-8-addr-xtext, RFC 6533 §3)."""
    return _UNPRINTABLE.sub(lambda match: f"\\x{{{ord(match[0]):X}}}", address)


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("?", text)[:900]
