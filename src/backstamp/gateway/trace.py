"""trace: the fields that we add above a message, hops before us, trace ids (RFC 5321 §4.4, §6.3, §6.4)."""

import re
import secrets
from datetime import datetime
from email.utils import format_datetime
from hashlib import blake2b
from typing import Final

import msgspec

from backstamp.gateway.protocol.reply import reply
from backstamp.mail.patches import Patched

MOST_HOPS: Final = 100
"""RFC 5321 §6.3: at least 100 Received fields before a loop is assumed."""
LOOP: Final = reply(554, "5.4.6 Too many hops: this mail goes round in circles")

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.:_-]")
_MAILBOX: Final = re.compile(r"[!#-'*+/-9=?A-Z^_`a-z{|}~.-]+@[A-Za-z0-9.:\[\]-]+")


def new_trace_id() -> str:
    """Return 16 hexadecimal digits under which a transaction is found in log, mail and timeline."""
    return secrets.token_hex(8)


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """How a message came to us: who said what, over which kind of session.

    `address` is empty where it is nobody's business (a person's mail program).
    """

    helo: str
    address: str = ""
    hostname: str
    lmtp: bool = False
    extended: bool = True
    tls: bool = False
    authenticated: bool = False
    utf8: bool = False

    @property
    def protocol(self) -> str:
        """The word behind "with" (RFC 3848, RFC 6531 §4.3)."""
        if not (self.extended or self.lmtp):
            return "SMTP"
        base = "LMTP" if self.lmtp else "SMTP" if self.utf8 else "ESMTP"
        return (
            ("UTF8" if self.utf8 else "")
            + base
            + ("S" if self.tls else "")
            + ("A" if self.authenticated else "")
        )


def received_field(hop: Hop, *, trace_id: str, at: datetime, recipient: str = "") -> bytes:
    """Return a Received field with its line ends; `recipient` only where there is no other one."""
    helo = _host(hop.helo)
    source = f"{helo} ({_address(hop.address)})" if hop.address else helo
    lines = [
        f"Received: from {source}",
        f"by {_host(hop.hostname)} (Backstamp) with {hop.protocol} id {trace_id}",
    ]
    if _MAILBOX.fullmatch(recipient) and len(recipient) <= 200:
        lines.append(f"for <{recipient}>")
    return ("\r\n\t".join(lines) + f";\r\n\t{format_datetime(at)}\r\n").encode("ascii")


def given_message_id(digest: bytes, tracking_id: int, hostname: str) -> str:
    """Return a Message-ID for a message that came without: the same at each try of it, and at no other's.

    The copies of one message would else each get their own from the next hop (RFC 6409 §8.3 has whoever
    takes submitted mail add one). `digest` is the message's `envelope_digest`; the tracking id itself is
    nobody's business.
    """
    name = blake2b(digest + tracking_id.to_bytes(8), digest_size=16).hexdigest()
    return f"<{name}@{_host(hostname)}>"


def message_id_field(message_id: str) -> bytes:
    """Return the field with its line end; `message_id` is of `given_message_id`."""
    return f"Message-ID: {message_id}\r\n".encode("ascii")


def stamped(fields: bytes, message: Patched) -> Patched:
    """Return the message under fields of ours.

    A first line that begins with white space continues no field, so there is no header section (RFC 5322
    §2.1): an empty line keeps it from becoming a part of ours.
    """
    gap = b"\r\n" if message.head(1) in (b" ", b"\t") else b""
    return Patched(message.raw, message.patches, fields + gap + message.front)


def _host(name: str) -> str:
    if name.startswith("[") and name.endswith("]"):
        return f"[{_UNSAFE.sub('?', name[1:-1])[:100]}]"
    return _UNSAFE.sub("?", name)[:255] or "unknown"


def _address(address: str) -> str:
    literal = f"IPv6:{address}" if ":" in address else address
    return f"[{_UNSAFE.sub('?', literal)[:100]}]"
