"""unwrapping: links of received mail lead to their targets again, where the mail goes on or out."""

import binascii
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from backstamp.mail.patches import Patch
from backstamp.rewriting import unwrapping_patches
from backstamp.tokens import Keyring, LinkToken, open_token
from backstamp.urls.parsing import web_url

_BEHIND_TOKEN: Final = re.compile("[?#]")
_PLAIN_HOST: Final = re.compile(r"https?://([a-z0-9.-]*[a-z])[/?#]", re.IGNORECASE)
"""What a browser reads as it stands: 0.5 µs, where parsing the whole takes four times that."""
_BROKEN: Final = re.compile(rb"=[ \t]*\r?\n|\r?\n[ \t>]+")
"""What a host may be broken by: soft line breaks, folds, and the marks of a reply."""
_ENCODED_WORD: Final = re.compile(rb"=\?[^?\s]{1,40}\?([bBqQ])\?([^?\s]*)\?=")
_DEPTH: Final = 3
_LOOKED_INTO: Final = 256 * 1024
"""Octets; nearly all that is larger has base64 in it anyway."""


def may_hold_ours(raw: bytes, prefixes: Sequence[str]) -> bool:
    """Return whether mail of our own people may name one of our hosts: a message of an attacker may hide it.

    A host may stand on two lines, or in an encoded word, and base64 hides all of them. A large message may
    hold whatever it likes: this is asked on the event loop, which 25 MB held up for 0.1 s, and the answer is
    only whether a worker is to look.
    """
    if not prefixes:
        return False
    if len(raw) > _LOOKED_INTO:
        return True
    text = raw.lower()
    if b"base64" in text:
        return True
    hosts = {prefix.partition("://")[2].strip("/").lower().encode("ascii") for prefix in prefixes}
    text = _BROKEN.sub(b"", text) + _encoded_words(raw).lower()
    return any(host in text for host in hosts)


def target_patches(raw: bytes, prefixes: Sequence[str], ring: Keyring) -> list[Patch]:
    """Return what gives a message's links of received mail their targets again; nothing where it has none.

    `prefixes` are the beginnings of all URLs of ours. Links are read as a browser would: however one of ours
    is spelled, it names somebody.
    """
    places = [prefix.partition("://")[2] for prefix in prefixes]
    hosts = {place.partition("/")[0] for place in places}

    def opened(written: str) -> str | None:
        plain = _PLAIN_HOST.match(written)
        if plain is not None and plain[1].lower() not in hosts:
            return None
        url = web_url(written)
        # Programs make `https` of `http`, and the other way round.
        place = url.href.partition("://")[2] if url is not None else ""
        start = next((each for each in places if place.startswith(each)), None)
        if start is None:
            return None
        token = open_token(ring, _BEHIND_TOKEN.split(place[len(start) :], maxsplit=1)[0])
        return token.url if isinstance(token, LinkToken) and token.protected else None

    def target(written: str) -> str | None:
        url = opened(written)
        for _ in range(_DEPTH):
            # What was no link of ours when it came, spelled as it was, has been guarded once more.
            inner = opened(url) if url is not None else None
            url = inner if inner is not None else url
        return url

    return unwrapping_patches(raw, target) if prefixes else []


def _encoded_words(raw: bytes) -> bytes:
    """Return what the encoded words of a message say, one behind the other: in a subject they hide a host."""
    words: list[bytes] = []
    for encoding, word in _ENCODED_WORD.findall(raw):
        if encoding in b"qQ":
            words.append(binascii.a2b_qp(word, header=True))
            continue
        with suppress(binascii.Error):
            words.append(binascii.a2b_base64(word))
    return b"".join(words)
