"""One list: how it is had and read, where it comes from, and how far it may go."""

from enum import StrEnum
from typing import Final

import msgspec

from backstamp.vocabulary import ThreatType

HOUR: Final = 3600


class Form(StrEnum):
    """How a list is had and read."""

    URLHAUS = "urlhaus"
    OPENPHISH = "openphish"
    PLAIN = "plain"
    MISP = "misp"
    SAFE_BROWSING = "safe-browsing"
    WEB_RISK = "web-risk"


MOST_PREFIXES: Final = 1 << 24
"""Of a service that lists hashes. Ten million are a lot of what Google has; each takes 4 bytes."""
HASHED: Final = frozenset({Form.SAFE_BROWSING, Form.WEB_RISK})
"""Of these we have prefixes of hashes only, and must ask for the rest of each that a URL hits."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One list, as it is to be fetched.

    `address` is an http(s) URL, or the path of a file on this machine; `{key}` in it is replaced by `key`.
    `trusted`: it is the administrator's own, and may list what a feed may not (`screening`).
    """

    name: str
    form: Form
    threat_type: ThreatType
    address: str
    key: str = ""
    seconds: int = HOUR
    """From one look to the next."""
    max_bytes: int = 64_000_000
    """Of the download."""
    max_unpacked: int = 256_000_000
    max_entries: int = 5_000_000
    download_seconds: float = 300.0
    trusted: bool = False
    questions_a_day: int = 0
    """Of a list of hashes whose questions are paid for: so many in a day (UTC); 0 for any number."""

    @property
    def url(self) -> str:
        """The address with the key in its place: not for logs."""
        return self.address.replace("{key}", self.key)

    @property
    def is_file(self) -> bool:
        """Whether the list is a file on this machine."""
        return self.address.startswith("/")
