"""unwrapping: links of received mail lead to their targets again, where the mail goes on or out."""

import re
from collections.abc import Sequence
from typing import Final

from backstamp.rewriting import unwrap
from backstamp.tokens import Keyring, LinkToken, open_token
from backstamp.urls.parsing import web_url

_BEHIND_TOKEN: Final = re.compile("[?#]")
_SOFT_BREAK: Final = re.compile(rb"=[ \t]*\r?\n")
_LOOKED_INTO: Final = 256 * 1024
"""Octets; nearly all that is larger has base64 in it anyway."""


def may_hold_ours(raw: bytes, prefixes: Sequence[str]) -> bool:
    """Return whether mail of our own people may name one of our hosts: a message of an attacker may hide it.

    In quoted-printable a host may stand on two lines, and base64 hides all of them. A large message may hold
    whatever it likes: this is asked on the event loop, which 25 MB held up for 0.1 s, and the answer is only
    whether a worker is to look.
    """
    if not prefixes:
        return False
    if len(raw) > _LOOKED_INTO:
        return True
    text = raw.lower()
    if b"base64" in text:
        return True
    hosts = {prefix.partition("://")[2].strip("/").lower().encode("ascii") for prefix in prefixes}
    text = _SOFT_BREAK.sub(b"", text)
    return any(host in text for host in hosts)


def with_targets(raw: bytes, prefixes: Sequence[str], ring: Keyring) -> bytes:
    """Return the message with the targets of its links of received mail; the very same where it has none.

    `prefixes` are the beginnings of all URLs of ours. Links are read as a browser would: however one of ours
    is spelled, it names somebody.
    """

    def target(written: str) -> str | None:
        url = web_url(written)
        start = None if url is None else next((each for each in prefixes if url.href.startswith(each)), None)
        if url is None or start is None:
            return None
        token = open_token(ring, _BEHIND_TOKEN.split(url.href[len(start) :], maxsplit=1)[0])
        return token.url if isinstance(token, LinkToken) and token.protected else None

    return unwrap(raw, target) if prefixes else raw
