"""findings: what speaks against a URL, each with who says so and why."""

from enum import StrEnum

import msgspec

from backstamp.vocabulary import ThreatType


class ThreatReason(StrEnum):
    """Why a URL is held to be dangerous: a code here, words in each language where it is shown.

    The first three are what lists say; the others are looks (`threats.heuristics`).
    """

    LISTED_URL = "listed_url"
    LISTED_HOST = "listed_host"
    LISTED_PREFIX = "listed_prefix"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that speaks against a URL.

    `source` is the list's name ("urlhaus"), or "heuristics". `detail` is the expression that a list names, or
    what the looks are about (the other host, the extension): hostile text, to be escaped where it is shown.
    `since_us` is when the list was first seen to name it, microseconds since 1970 UTC; 0 where nobody knows.
    `confirmed` is false for the bare prefix of a hash, which names clean URLs too.
    """

    threat_type: ThreatType
    reason: ThreatReason
    source: str
    detail: str = ""
    since_us: int = 0
    confirmed: bool = True
