"""Values of fields for machines: addresses, names of hosts, moments (RFC 3464 §2.1.2, RFC 6533 §3)."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from backstamp.mail.header_text import one_line
from backstamp.mail.reports.notice import ADDRESS

_PREFIX: Final = re.compile(r"^[<\s]*(?:smtp|mailto|rfc822)[:=]", re.IGNORECASE)
_POINT: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_OCTET: Final = re.compile(r"\+([0-9A-F]{2})")
_LOOSE: Final = re.compile(r"[^\s<>@;,\"]{1,64}@[^\s<>@;,\"]{1,255}")
"""An address of any script, or of a host without a domain: good enough where nothing else may stand."""
_ENCAPSULATED: Final = re.compile(r"IMCEA([A-Z0-9]{1,20})-([^@]{1,400})@", re.IGNORECASE)
_FIRST_SURROGATE, _LAST_SURROGATE, _LAST_POINT = 0xD800, 0xDFFF, 0x10FFFF


def address_in_field(value: str) -> str:
    """Return the address of a recipient field, `rfc822; user@example.org` (RFC 3464 §2.3.2), or ""."""
    kind, semicolon, rest = value.partition(";")
    text = one_line(rest if semicolon else value).replace("\\@", "@")
    kind = kind.strip().lower() if semicolon else ""
    if kind in ("x400", "x.400"):
        return ""
    if kind == "utf-8":
        text = _POINT.sub(_character, text)
    if "@" not in text:
        # Some pass the xtext of RCPT's ORCPT on as it came (RFC 3461 §4.2).
        text = without_xtext(text)
    text = _PREFIX.sub("", text).strip(" '")
    if match := _ENCAPSULATED.search(text):
        # Exchange wraps what is no SMTP address; a directory's name (EX) holds none.
        within = ADDRESS.search(without_xtext(match[2]))
        return within[1] if within else ""
    loose = _LOOSE.search(text)
    if loose and "..." in loose[0]:
        return ""  # Google cuts addresses of others: bob...@example.org
    if loose and not loose[0].isascii():
        return loose[0]
    match = ADDRESS.search(text)
    return match[1] if match else loose[0] if loose else ""


def without_xtext(text: str) -> str:
    """Return a text whose characters may be written as `+2B` with these as they are (RFC 3461 §4)."""
    return _OCTET.sub(lambda octet: chr(int(octet[1], 16)) if octet[1] < "80" else octet[0], text)


def name_in(value: str) -> str:
    """Return the name of a system from a field like Remote-MTA: `dns; mx.example.org (a comment)`."""
    name = one_line(value.partition(";")[2] or value)
    return (name.partition(" (")[0].rstrip() or name)[:255]


def moment_in(value: str) -> int:
    """Return a date as microseconds since 1970 UTC, or 0 where it is none (RFC 5322 §3.3)."""
    try:
        moment = parsedate_to_datetime(value[:200])
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0, int(moment.timestamp())) * 1_000_000
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0


def _character(match: re.Match[str]) -> str:
    point = int(match[1], 16)
    if point > _LAST_POINT or _FIRST_SURROGATE <= point <= _LAST_SURROGATE:
        return match[0]
    character = chr(point)
    return character if character.isprintable() else match[0]
