"""Sealed addresses of a recipient's own page: where they unsubscribe, and see what is measured.

Layout, before base64url without padding:

    key id 1 | SIV 16 | sealed: version 1, domain 2, message 8, recipient index 2, recipient key 8,
        then the sender's domain in ASCII

The sender's domain is inside, so that an unsubscription still says of whose mail when the message's records
are long deleted: links of mail are kept longer than records.  The URL is `<tracking host>/u/<token>`, so that
no pixel or link is ever tried as one, nor the other way round; and the subkey is the purpose's own.
"""

import binascii
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag

from backstamp.tokens.address_spelling import LONGEST_DOMAIN
from backstamp.tokens.keyring import Keyring, Purpose

PAGE_PATH: Final = "u/"
_VERSION: Final = 1
_FORMAT: Final = struct.Struct(">BHQH8s")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{51,400}", re.ASCII)
_DOMAIN: Final = re.compile(r"[!-~]{0,255}", re.ASCII)


class PageToken(msgspec.Struct, frozen=True):
    """Whose page it is, and of which copy of which message; `sender_domain` is in lower case, or empty."""

    key_id: int
    domain_id: int
    tracking_id: int
    recipient_index: int
    recipient_key: bytes
    sender_domain: str


def seal_page(
    ring: Keyring,
    *,
    domain_id: int,
    tracking_id: int,
    recipient_index: int,
    recipient_key: bytes,
    sender_domain: str,
) -> str:
    """Return the token of a recipient's page: 51 characters and 4 for each 3 of the domain.

    `tracking_id` is an unsigned 64-bit number, `recipient_key` has 8 bytes. A domain that is not ASCII or too
    long for one is left out.
    """
    domain = sender_domain.lower()
    if len(domain) > LONGEST_DOMAIN or _DOMAIN.fullmatch(domain) is None:
        domain = ""
    plain = _FORMAT.pack(_VERSION, domain_id, tracking_id, recipient_index, recipient_key)
    head, cipher = ring.sealer(Purpose.PAGE)
    raw = head + cipher.encrypt(plain + domain.encode("ascii"), [head])
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def page_url(base_url: str, token: str) -> str:
    """Return the whole URL; `base_url` has no slash at its end."""
    return f"{base_url}/{PAGE_PATH}{token}"


def open_page(ring: Keyring, token: str) -> PageToken | None:
    """Return what a page's token says, or None when it is not ours: never raises, whatever the text."""
    if _TOKEN.fullmatch(token) is None:
        return None
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        # Only the spelling that we wrote is ours: its unused bits are zero (RFC 4648 §3.5).
        if urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != token:
            return None
        cipher = ring.opener(Purpose.PAGE, raw[0])
        if cipher is None:
            return None
        plain = cipher.decrypt(raw[1:], [raw[:1]])
        version, domain_id, tracking_id, index, key = _FORMAT.unpack_from(plain)
        domain = plain[_FORMAT.size :].decode("ascii")
    except (binascii.Error, InvalidTag, ValueError, struct.error):
        return None
    return PageToken(raw[0], domain_id, tracking_id, index, key, domain) if version == _VERSION else None
