"""Kinds of settings that name lists of dangerous URLs: the administrator's own, and mirrors of feeds."""

import re
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from backstamp.app.settings.kinds import Kind, as_words
from backstamp.vocabulary import Feed, ThreatType


class OwnList(NamedTuple):
    """A list that an administrator names: `address` is http(s), misp+http(s), or the path of a file."""

    name: str
    threat_type: ThreatType
    address: str


_OWN_LIST: Final = re.compile(
    r"(?:(?P<threat>[a-z_]+):)?(?P<name>[a-z0-9][a-z0-9-]{0,39})=(?P<address>(?:misp\+)?https?://\S+|/\S+)"
)
_MIRROR: Final = re.compile(r"(?P<feed>[a-z-]+)=(?P<address>https?://\S+)")


def _own_lists(value: object) -> tuple[OwnList, ...]:
    found: dict[str, OwnList] = {}
    for word in as_words(value):
        match = _OWN_LIST.fullmatch(word)
        if match is None or match["threat"] not in {None, *ThreatType} or not _is_address(match["address"]):
            raise ValueError(
                f'holds "{word}", which names no list; write NAME=ADDRESS or THREAT:NAME=ADDRESS, '
                'for example "partners=/etc/backstamp/partners.txt" or "phishing:army=https://example.org/list"'
            )
        name = match["name"]
        if name in found or name in set(Feed):
            raise ValueError(f'names "{name}" twice, or as a feed; give each list a name of its own')
        found[name] = OwnList(name, ThreatType(match["threat"] or ThreatType.FORBIDDEN), match["address"])
    return tuple(found.values())


def _mirrors(value: object) -> dict[Feed, str]:
    found: dict[Feed, str] = {}
    for word in as_words(value):
        match = _MIRROR.fullmatch(word)
        if match is None or match["feed"] not in set(Feed) or not _is_address(match["address"]):
            raise ValueError(
                f'holds "{word}", which is no mirror; write for example "openphish=https://mirror.example.org/feed.txt"'
            )
        found[Feed(match["feed"])] = match["address"].rstrip("/")
    return found


def _is_address(text: str) -> bool:
    """Whether it is a path, or a URL with a host and without a password, which would be in logs of others."""
    try:
        parts = urlsplit(text)
        return text.startswith("/") or (bool(parts.hostname) and parts.username is None and parts.port != 0)
    except ValueError:
        return False


OWN_LISTS: Final = Kind("list of NAME=ADDRESS or THREAT:NAME=ADDRESS", _own_lists)
MIRRORS: Final = Kind("list of FEED=URL", _mirrors)
