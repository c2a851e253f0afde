"""unwrapping: links of received mail lead to their targets again, where the mail goes on or out."""

import re
from collections.abc import Sequence
from typing import Final

from backstamp.rewriting import unwrap
from backstamp.tokens import Keyring, LinkToken, open_token

_SOFT_BREAK: Final = re.compile(rb"=[ \t]*\r?\n")


def may_hold_ours(raw: bytes, prefixes: Sequence[str]) -> bool:
    """Return whether a message names one of our hosts, or hides text in which it may.

    In quoted-printable a host may stand on two lines.
    """
    hosts = {prefix.partition("://")[2].strip("/").encode("ascii") for prefix in prefixes}
    if not hosts:
        return False
    whole = _SOFT_BREAK.sub(b"", raw) if b"=\r\n" in raw or b"=\n" in raw else raw
    return any(host in whole for host in hosts) or b"base64" in raw.lower()


def with_targets(raw: bytes, prefixes: Sequence[str], ring: Keyring) -> bytes:
    """Return the message with the targets of its links of received mail; the very same where it has none.

    `prefixes` are the beginnings of all URLs of ours, as they stand in links. A message that cannot hold
    any is not read at all.
    """
    if not may_hold_ours(raw, prefixes):
        return raw

    def target(url: str) -> str | None:
        start = next((prefix for prefix in prefixes if url.startswith(prefix)), None)
        token = None if start is None else open_token(ring, url[len(start) :].partition("?")[0])
        return token.url if isinstance(token, LinkToken) and token.protected else None

    return unwrap(raw, target)
