"""signed_parts: the signed parts of a message, and what is signed in them."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from backstamp.gateway.rewriter.signatures import openpgp
from backstamp.mail.encodings.transfer import UndecodableError, UnknownEncodingError, decode_payload
from backstamp.mail.multipart import TooManyPartsError
from backstamp.mail.structure import Part, parse_structure
from backstamp.rewriting import Limits

_MOST: Final = 5
"""Signed parts of one message that are looked at; each costs a process."""
_BARE_LINE_END: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_SMIME: Final = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
_PGP: Final = "application/pgp-signature"


class Trust(msgspec.Struct, frozen=True):
    """Whose signatures count: `smime_ca` is a PEM file of authorities, `pgp_keyring` a keyring for gpgv.

    Of what is "" none counts. The system's authorities would not do: some of them give anybody a certificate
    for an address of their own, and with it unguarded links.
    """

    smime_ca: str = ""
    pgp_keyring: str = ""


def held_parts(raw: bytes, sender: str, trust: Trust) -> frozenset[str]:
    """Return the paths of the signed parts of a message that `sender`, the address of its From field, signed.

    Only detached signatures count (RFC 1847): what is inside a signature is not what is read here. Never
    raises.
    """
    if not sender:
        return frozenset()
    try:
        root = parse_structure(raw, Limits().structure())
    except TooManyPartsError:
        return frozenset()
    signed = list(_signed(root))
    if len(signed) > _MOST:
        return frozenset()
    return frozenset(part.path for part in signed if _holds(part, sender, trust))


def _signed(part: Part) -> Iterator[Part]:
    """Yield the outermost signed parts."""
    if part.media_type == "multipart/signed":
        yield part
    else:
        for child in part.children:
            yield from _signed(child)


def _holds(part: Part, sender: str, trust: Trust) -> bool:
    # Where mail programs may read different parts, a signature of one of them says nothing of the others.
    if part.defects or len(part.children) != 2:
        return False
    content, signature = part.children
    if content.defects or signature.defects:
        return False
    try:
        payload = decode_payload(part.message, signature.body_start, signature.end, signature.cte)
    except (UndecodableError, UnknownEncodingError):
        return False
    signed = _BARE_LINE_END.sub(b"\r\n", part.message[content.header.start : content.end])
    if signature.media_type in _SMIME and trust.smime_ca:
        # Here, for what reads certificates takes a sixth of the time in which a process starts.
        from backstamp.gateway.rewriter.signatures import smime

        return smime.is_signed_by(sender, signed, payload.data, trust.smime_ca)
    if signature.media_type == _PGP and trust.pgp_keyring:
        return openpgp.is_signed_by(sender, signed, payload.data, trust.pgp_keyring)
    return False
