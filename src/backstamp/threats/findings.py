"""findings: what speaks against a URL, each with who says so and why."""

from enum import StrEnum
from typing import Final

import msgspec

from backstamp.vocabulary import ThreatType

FULL_WEIGHT: Final = 100
"""What a list says weighs as much; looks must add up to it."""


class ThreatReason(StrEnum):
    """Why a URL is held to be dangerous: a code here, words in each language where it is shown.

    The first three are what lists say, the next two what an administrator does, the two after them what is
    known at a click alone (`edge.deciding.clicks`); the others are looks (`threats.heuristics`,
    docs/heuristics.md).
    """

    LISTED_URL = "listed_url"
    LISTED_HOST = "listed_host"
    LISTED_PREFIX = "listed_prefix"

    OWN_LIST = "own_list"
    SWITCHED_OFF = "switched_off"

    DOUBTED_ON_ARRIVAL = "doubted_on_arrival"
    ASKED_TOO_OFTEN = "asked_too_often"

    ADDRESS_HOST = "address_host"
    PRIVATE_ADDRESS_HOST = "private_address_host"
    DISGUISED_HOST = "disguised_host"
    READ_DIFFERENTLY = "read_differently"
    USERINFO = "userinfo"
    HOST_IN_USERINFO = "host_in_userinfo"
    UNUSUAL_PORT = "unusual_port"

    PUNYCODE = "punycode"
    UNUSUAL_CHARACTERS = "unusual_characters"
    MIXED_SCRIPTS = "mixed_scripts"
    CONFUSABLE_SCRIPT = "confusable_script"
    MANY_SUBDOMAINS = "many_subdomains"
    LONG_HOST = "long_host"
    NEW_HOST = "new_host"

    LOOKS_LIKE_OWN = "looks_like_own"
    LOOKS_LIKE_KNOWN = "looks_like_known"
    RESEMBLES_OWN = "resembles_own"
    RESEMBLES_KNOWN = "resembles_known"
    DOMAIN_IN_HOST = "domain_in_host"
    NAME_WITH_BAIT = "name_with_bait"
    NAME_IN_HOST = "name_in_host"
    NAME_ELSEWHERE = "name_elsewhere"

    TEXT_SHOWS_KNOWN = "text_shows_known"
    TEXT_SHOWS_OTHER = "text_shows_other"

    SHORTENER = "shortener"
    REDIRECTOR = "redirector"
    URL_IN_URL = "url_in_url"
    MANY_URLS = "many_urls"
    FOREIGN_SHARE = "foreign_share"
    PROGRAM_FILE = "program_file"
    DOUBLE_EXTENSION = "double_extension"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that speaks against a URL.

    `source` is the list's name ("urlhaus"), or "heuristics". `detail` is the expression that a list names, or
    what the looks are about (the other host, the extension): hostile text, to be escaped where it is shown.
    `since_us` is when the list was first seen to name it, microseconds since 1970 UTC; 0 where nobody knows.
    `confirmed` is false for the bare prefix of a hash, which names clean URLs too. `weight` is how much it
    says: 100 for a list; looks say less each, and count from 100 in sum (`threats.heuristics.is_suspicious`).
    """

    threat_type: ThreatType
    reason: ThreatReason
    source: str
    detail: str = ""
    since_us: int = 0
    confirmed: bool = True
    weight: int = FULL_WEIGHT
