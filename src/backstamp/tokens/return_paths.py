"""Sealed return paths (VERP): the address to which a report about one copy of a message goes.

Layout of the local part: `b-`, then 28 octets in base32 (RFC 4648 §6) in lower case without padding:

    key id 1 | SIV 16 | sealed: message 8, recipient index 2, version 1

47 characters, of the 64 that a local part may have (RFC 5321 §4.5.3.1.1).  Base32, because there are
servers that change the case of a return path although they must not (§2.4); no `=` or `+`, which some
list and sub-address software rewrites.  Whoever gets a report at such an address knows that we sealed it:
nobody else can name a message and recipient of ours.
"""

import binascii
import re
import struct
from base64 import b32decode, b32encode
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag

from backstamp.tokens.keyring import Keyring, Purpose

_PREFIX: Final = "b-"
_VERSION: Final = 1
_FORMAT: Final = struct.Struct(">QHB")
_LOCAL_PART: Final = re.compile(_PREFIX + "([a-z2-7]{45})", re.IGNORECASE | re.ASCII)
_PADDING: Final = "==="


class ReturnPath(msgspec.Struct, frozen=True):
    """What a sealed return path says."""

    key_id: int
    tracking_id: int
    recipient_index: int


def seal_return_path(ring: Keyring, *, tracking_id: int, recipient_index: int) -> str:
    """Return the local part of the return path of a copy.

    `tracking_id` is an unsigned 64-bit number, `recipient_index` one of 16 bits.
    """
    head, cipher = ring.sealer(Purpose.RETURN_PATH)
    raw = head + cipher.encrypt(_FORMAT.pack(tracking_id, recipient_index, _VERSION), [head])
    return _PREFIX + b32encode(raw).decode("ascii").rstrip("=").lower()


def open_return_path(ring: Keyring, local_part: str) -> ReturnPath | None:
    """Return what a local part says, or None when it is not ours: never raises, whatever the text."""
    match = _LOCAL_PART.fullmatch(local_part)
    if match is None:
        return None
    try:
        raw = b32decode(match[1].upper() + _PADDING)
        cipher = ring.opener(Purpose.RETURN_PATH, raw[0])
        if cipher is None:
            return None
        tracking_id, index, version = _FORMAT.unpack(cipher.decrypt(raw[1:], [raw[:1]]))
    except (binascii.Error, InvalidTag, ValueError):
        return None
    if version != _VERSION:
        return None
    return ReturnPath(raw[0], tracking_id, index)
