"""facts: what a message says of itself in its header, for records and retries; bounded, never raises."""

import re
from hashlib import blake2b
from typing import Final

import msgspec

from backstamp.mail.header_section import HeaderSection, read_header_section
from backstamp.mail.header_text import LONGEST, decoded, first_address, one_line
from backstamp.mail.parameters import parse_parameterised

_MAX_HEADER_BYTES: Final = 256 * 1024
_BRACKETED: Final = re.compile(r"<([^<>]{1,4096})>")
_SIGNED_MESSAGE_ID: Final = re.compile(
    r"(?:\A|;)\s*h\s*=[^;=]*?(?<=[\s:=])message-id\s*(?=[:;]|\Z)", re.IGNORECASE
)
_LONGEST_SIGNATURE: Final = 20_000
_AUTOMATIC_PRECEDENCE: Final = frozenset({"bulk", "junk", "list", "auto_reply"})

_IDENTITY: Final = (
    b"message-id",
    b"date",
    b"from",
    b"subject",
    b"content-type",
    b"content-transfer-encoding",
)
"""Fields by which a message is told from others: many an alert says all in its subject."""


class MessageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the header says. Texts are decoded, on one line, and cut to 500 characters; "" where missing.

    `sender` is the address of From (`originator_fields`). `is_automatic`: not written by a person (RFC 3834,
    `Precedence`, a report).
    `received_count` is the number of trace fields, for loop detection. `is_identified`: it has a Message-ID
    or a Date, so that the same again is another try of it, and no other message of the same words.
    `lacks_message_id`: whoever looks for that field finds none; False where the header's end was not seen, or
    where a DKIM signature would no longer hold with one.
    """

    message_id: str = ""
    subject: str = ""
    sender: str = ""
    sender_domain: str = ""
    is_automatic: bool = False
    list_unsubscribe: tuple[str, ...] = ()
    received_count: int = 0
    is_identified: bool = False
    lacks_message_id: bool = False


def facts_header(raw: bytes) -> HeaderSection:
    """Return the header section that a message's facts are read from: what of it is in the first 256 KiB."""
    return read_header_section(raw, 0, min(len(raw), _MAX_HEADER_BYTES))


def message_facts(raw: bytes, header: HeaderSection | None = None) -> MessageFacts:
    """Return the facts of a message, whatever its bytes; `header` is its `facts_header` if read already."""
    header = header or facts_header(raw)
    sender = first_address(header.first(b"from") or "")
    return MessageFacts(
        message_id=one_line(header.first(b"message-id") or ""),
        subject=decoded(header.first(b"subject") or ""),
        sender=sender,
        sender_domain=sender.rpartition("@")[2].lower(),
        is_automatic=_is_automatic(header),
        list_unsubscribe=tuple(
            one_line("".join(match[1].split()))
            for field in header.all(b"list-unsubscribe")[:10]
            for match in _BRACKETED.finditer(field.value[:10_000])
        ),
        received_count=len(header.all(b"received")),
        is_identified=any(header.first(name) for name in (b"message-id", b"date")),
        lacks_message_id=_ends(header) and not header.all(b"message-id") and not _signs_its_absence(header),
    )


def envelope_digest(raw: bytes, header: HeaderSection | None = None) -> bytes:
    """Return 16 bytes that stay the same over an MTA's retries of one message.

    BLAKE2b over Message-ID, Date, From, Subject, what says how the body is read, and the body; trace fields,
    which change at each try, are left out.
    `header` is the message's `facts_header`, if read already.
    """
    header = header or facts_header(raw)
    digest = blake2b(digest_size=16)
    for name in _IDENTITY:
        for field in header.all(name):
            digest.update(b"%b:%d:" % (name, len(field.body)))
            digest.update(field.body)
    digest.update(b"\n")
    digest.update(memoryview(raw)[header.body_start :])
    return digest.digest()


def _ends(header: HeaderSection) -> bool:
    """Whether it is known where the header section ends, and what is in it."""
    return bool(header.fields) and header.orderly and header.end < _MAX_HEADER_BYTES


def _signs_its_absence(header: HeaderSection) -> bool:
    """Whether a DKIM signature covers a Message-ID, though there is none to cover (RFC 6376 §3.5, §5.4)."""
    return any(
        _SIGNED_MESSAGE_ID.search(field.value[:_LONGEST_SIGNATURE]) is not None
        for field in header.all(b"dkim-signature")
    )


def _is_automatic(header: HeaderSection) -> bool:
    submitted = parse_parameterised((header.first(b"auto-submitted") or "")[:LONGEST]).value
    if submitted and submitted != "no":
        return True
    if (header.first(b"precedence") or "").strip().lower() in _AUTOMATIC_PRECEDENCE:
        return True
    if any(field.name in (b"x-autoreply", b"x-autorespond", b"list-id") for field in header.fields):
        return True
    media_type = parse_parameterised((header.first(b"content-type") or "")[: 4 * LONGEST]).value
    return media_type == "multipart/report"
