"""Signed and encrypted mail that others collected: not an octet of what a signature covers is altered."""

import email
import email.message
import email.policy
import re
from pathlib import Path

import pytest

from backstamp.rewriting import Direction, Options, rewrite
from tests.corpus import corpus
from tests.rewriting.sealers import FixedSealer
from tests.rewriting.signatures.tools import in_crlf

MULTIPARTS = {"multipart/signed", "multipart/encrypted"}
OPAQUE = {"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"}
ARMOUR = re.compile(rb"(?:^|[\r\n])-----BEGIN PGP (?:SIGNED )?MESSAGE-----")


def sealed(raw: bytes) -> list[bytes]:
    """Return each signed or encrypted part of a message, as Python's own parser sees it.

    Of a multipart the octets as they stand there, of a single part its decoded body.
    """
    found: list[bytes] = []
    for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
        kind = part.get_content_type()
        if kind in MULTIPARTS and part.is_multipart():
            found += _between_delimiters(raw, part.get_boundary() or "")
        elif kind in OPAQUE or (kind == "text/plain" and ARMOUR.search(_octets(part))):
            found.append(_octets(part))
    return found


def _between_delimiters(raw: bytes, boundary: str) -> list[bytes]:
    """Return what stands from the first delimiter of a multipart to the last."""
    delimiters = list(re.finditer(rb"(?m)^--" + re.escape(boundary.encode()) + rb"(?:--)?[ \t]*\r?$", raw))
    return [raw[delimiters[0].start() : delimiters[-1].end()]] if delimiters else []


def _octets(part: email.message.Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


@pytest.mark.parametrize("direction", list(Direction))
def test_no_signed_or_encrypted_part_of_the_corpus_is_altered(direction: Direction) -> None:
    parts = around = 0
    paths = [path for path in sorted(corpus().glob("mail-*/**/*")) if path.is_file()]
    altered: list[Path] = []
    for path in paths:
        raw = path.read_bytes()
        for form in dict.fromkeys((raw, in_crlf(raw), raw.replace(b"\r\n", b"\n"))):
            before = sealed(form)
            if before:
                parts += len(before)
                rewritten = rewrite(form, Options(direction=direction), FixedSealer()).raw
                around += rewritten != form
                if sealed(rewritten) != before:
                    altered.append(path)
    assert altered == []
    assert parts >= 10, "the corpus holds signed mail"
    print(f"\n{direction}: {parts} signed or encrypted parts; {around} messages were rewritten around them")
