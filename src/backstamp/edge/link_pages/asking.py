"""What a reader asks for by a form, and how long they have waited for a check."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum
from hashlib import blake2b
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from backstamp.tokens import Keyring
from backstamp.vocabulary import ReaderReportKind

BODY_LIMIT: Final = 32_768
"""A text of `LONGEST_TEXT` characters takes twelve octets each at most, as a form sends it."""
LONGEST_TEXT: Final = 1000
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

WAIT_US: Final = 3_000_000
"""Longest wait for a check."""
STALE_US: Final = 60_000_000
"""A wait that began longer ago is over: the state of another day skips no check."""
_STATE: Final = re.compile(r"(?:\A|&)w=([A-Za-z0-9_-]{32})(?:&|\Z)")
_TIME_BYTES: Final = 8
_TAG_BYTES: Final = 16


class LinkAct(StrEnum):
    """What a reader may ask for; the reports have the names of their kinds."""

    GO_ON = "go_on"
    MISTAKE = "mistake"
    PHISHING = "phishing"

    @property
    def report(self) -> ReaderReportKind:
        """The kind of a report."""
        return ReaderReportKind(self.value)


_ACTS: Final = {act.value: act for act in LinkAct}


class Asked(msgspec.Struct, frozen=True):
    """What a form asks for, and what the reader wrote."""

    act: LinkAct
    text: str = ""


def asked_for(body: bytes) -> Asked | None:
    """Return what a form's body asks for, or None; never raises."""
    try:
        fields = dict(parse_qsl(body.decode("ascii", "replace"), max_num_fields=10, errors="replace"))
    except ValueError:
        return None
    act = _ACTS.get(fields.get("act", ""))
    if act is None:
        return None
    text = _CONTROLS.sub(" ", fields.get("text", "").replace("\r\n", "\n"))
    return Asked(act, text.strip()[:LONGEST_TEXT])


def sealed_wait(ring: Keyring, path: str, began_us: int) -> str:
    """Return the query that says since when a reader waits at a link's path: nobody else can make it."""
    began = began_us.to_bytes(_TIME_BYTES, "big")
    return "?w=" + urlsafe_b64encode(began + _tag(ring, path, began)).decode("ascii")


def waiting_since(ring: Keyring, path: str, query: str, now_us: int) -> int | None:
    """Return when the reader began to wait, or None where they come for the first time."""
    match = _STATE.search(query)
    if match is None:
        return None
    raw = urlsafe_b64decode(match[1])
    began, tag = raw[:_TIME_BYTES], raw[_TIME_BYTES:]
    began_us = int.from_bytes(began, "big")
    if not hmac.compare_digest(tag, _tag(ring, path, began)):
        return None
    return began_us if 0 <= now_us - began_us <= STALE_US else None


def _tag(ring: Keyring, path: str, began: bytes) -> bytes:
    text = began + path.encode("utf-8", "surrogateescape")
    return blake2b(text, digest_size=_TAG_BYTES, key=ring.derive("wait")).digest()
