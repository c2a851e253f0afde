"""address_looks: numbers for names, user names that look like hosts, ports, spellings that hide the host."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote

from backstamp.threats.findings import ThreatReason
from backstamp.threats.heuristics.host_looks import HostLooks
from backstamp.threats.heuristics.looks import Parts, Sign
from backstamp.urls.domains import has_known_suffix
from backstamp.urls.parsing import WebUrl

_USUAL_PORTS: Final = frozenset({80, 443, 8000, 8080, 8443})
"""http and https, and what IANA lists as their alternatives (8080 http-alt, 8443 pcsync-https, by use)."""
_AUTHORITY: Final = re.compile(r"[\x00-\x20]*https?:[/\\]*(?P<authority>[^/?#]{0,2048})", re.IGNORECASE)
_MAX_WRITTEN: Final = 4096
_BLANKS: Final = re.compile("[\t\r\n]")
_HOST_IN_USERINFO: Final = re.compile(r"(?:[a-z0-9-]{1,63}\.){1,10}[a-z][a-z0-9-]{1,62}", re.IGNORECASE)


def address_signs(url: WebUrl, host: HostLooks, parts: Parts, written: str) -> Sequence[Sign]:
    """Return what is odd about the part between the scheme and the path."""
    signs: list[Sign] = []
    if host.address is not None:
        signs.append(host.address)
    if parts.start and written.startswith(parts.start):
        return signs  # Written as the parser writes it, as most links are: it took 1.5 µs to find nothing.
    if parts.port is not None and parts.port not in _USUAL_PORTS:
        signs.append(Sign(ThreatReason.UNUSUAL_PORT, str(parts.port)))
    if parts.userinfo:
        signs.append(_userinfo_sign(parts.userinfo))
    if written:
        signs += _spelling_signs(url, written, is_number=host.is_ipv4)
    return signs


def _userinfo_sign(userinfo: str) -> Sign:
    """`https://paypal.com@evil.example/`: what a browser never shows."""
    shown = _HOST_IN_USERINFO.search(unquote(userinfo[:1024]))
    if shown is not None and has_known_suffix(shown[0]):
        return Sign(ThreatReason.HOST_IN_USERINFO, shown[0])
    # Without a detail: it may be a password.
    return Sign(ThreatReason.USERINFO)


def _spelling_signs(url: WebUrl, written: str, *, is_number: bool) -> Iterator[Sign]:
    match = _AUTHORITY.match(written[:_MAX_WRITTEN])
    if match is None:
        return
    authority = match["authority"]
    before, backslash, behind = authority.partition("\\")
    if _BLANKS.search(authority.rstrip()):
        # Browsers take them out, others end the host there; what folds long lines puts them in as well.
        yield Sign(ThreatReason.READ_DIFFERENTLY, url.host)
    if backslash and "@" in behind:
        # A browser ends the host at the backslash, others at the slash: nobody writes that by mistake.
        yield Sign(ThreatReason.DISGUISED_HOST, url.host)
    host = before.rpartition("@")[2].lower()
    if "%" in host or any(map(_stands_for_ascii, host)) or (is_number and url.host not in host):
        yield Sign(ThreatReason.DISGUISED_HOST, host[:64])


def _stands_for_ascii(character: str) -> bool:
    """Whether a browser makes ASCII or nothing of a character outside it: full-width forms, soft hyphens."""
    if character.isascii():
        return False
    return (
        unicodedata.category(character) == "Cf" or unicodedata.normalize("NFKC", character).isascii()
    ) and character not in "\u200c\u200d"
