"""What the pages before a link say: the fields of a language, and which sentence stands for which reason."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

from backstamp.threats import ThreatReason
from backstamp.vocabulary import ReaderReportKind, ThreatType


class Look(StrEnum):
    """The kinds of page that stand before a link; the class of their markup too."""

    BLOCKED = "blocked"
    SWITCHED_OFF = "switched-off"
    WARNED = "warned"
    CHECKING = "checking"
    UNCHECKED = "unchecked"
    ABANDONED = "abandoned"
    REPORTED = "reported"


class Why(StrEnum):
    """What readers are told of a link; each stands for one or more `ThreatReason`."""

    LISTED = "listed"
    UNRESOLVED = "unresolved"
    OWN_LIST = "own_list"
    SWITCHED_OFF = "switched_off"
    DOUBTED = "doubted"
    ASKED_OFTEN = "asked_often"
    IMITATES = "imitates"
    BORROWS = "borrows"
    LETTERS = "letters"
    DISGUISED = "disguised"
    NUMBERS = "numbers"
    PORT = "port"
    LONG = "long"
    NEW = "new"
    WORDS = "words"
    ONWARD = "onward"
    SHARE = "share"
    FILE = "file"


WHY: Final = {
    ThreatReason.LISTED_URL: Why.LISTED,
    ThreatReason.LISTED_HOST: Why.LISTED,
    ThreatReason.LISTED_PREFIX: Why.UNRESOLVED,
    ThreatReason.OWN_LIST: Why.OWN_LIST,
    ThreatReason.SWITCHED_OFF: Why.SWITCHED_OFF,
    ThreatReason.DOUBTED_ON_ARRIVAL: Why.DOUBTED,
    ThreatReason.ASKED_TOO_OFTEN: Why.ASKED_OFTEN,
    ThreatReason.ADDRESS_HOST: Why.NUMBERS,
    ThreatReason.PRIVATE_ADDRESS_HOST: Why.NUMBERS,
    ThreatReason.DISGUISED_HOST: Why.DISGUISED,
    ThreatReason.READ_DIFFERENTLY: Why.DISGUISED,
    ThreatReason.USERINFO: Why.DISGUISED,
    ThreatReason.HOST_IN_USERINFO: Why.DISGUISED,
    ThreatReason.UNUSUAL_PORT: Why.PORT,
    ThreatReason.PUNYCODE: Why.LETTERS,
    ThreatReason.UNUSUAL_CHARACTERS: Why.LETTERS,
    ThreatReason.MIXED_SCRIPTS: Why.LETTERS,
    ThreatReason.CONFUSABLE_SCRIPT: Why.LETTERS,
    ThreatReason.MANY_SUBDOMAINS: Why.LONG,
    ThreatReason.LONG_HOST: Why.LONG,
    ThreatReason.NEW_HOST: Why.NEW,
    ThreatReason.LOOKS_LIKE_OWN: Why.IMITATES,
    ThreatReason.LOOKS_LIKE_KNOWN: Why.IMITATES,
    ThreatReason.RESEMBLES_OWN: Why.IMITATES,
    ThreatReason.RESEMBLES_KNOWN: Why.IMITATES,
    ThreatReason.DOMAIN_IN_HOST: Why.BORROWS,
    ThreatReason.NAME_WITH_BAIT: Why.BORROWS,
    ThreatReason.NAME_IN_HOST: Why.BORROWS,
    ThreatReason.NAME_ELSEWHERE: Why.BORROWS,
    ThreatReason.TEXT_SHOWS_KNOWN: Why.WORDS,
    ThreatReason.TEXT_SHOWS_OTHER: Why.WORDS,
    ThreatReason.SHORTENER: Why.ONWARD,
    ThreatReason.REDIRECTOR: Why.ONWARD,
    ThreatReason.URL_IN_URL: Why.ONWARD,
    ThreatReason.MANY_URLS: Why.ONWARD,
    ThreatReason.FOREIGN_SHARE: Why.SHARE,
    ThreatReason.PROGRAM_FILE: Why.FILE,
    ThreatReason.DOUBLE_EXTENSION: Why.FILE,
}
NAMING: Final = frozenset({Why.IMITATES, Why.BORROWS, Why.WORDS})
"""Sentences with `{name}`, where another host is shown."""


class LinkWords(msgspec.Struct, frozen=True, kw_only=True):
    """One language.

    `by` names the `{organisation}` that protects; `by_nobody` is for received mail of one that gives no name,
    `by_sender` for sent mail. `titles` and `leads` are what is said first. `listed` are the sentences of
    `Why.LISTED`, `suspected` those of lists that want no certainty (`attribution`), `why` all others.
    """

    language: str
    date: str
    months: tuple[str, ...]
    by: str
    by_nobody: str
    by_sender: str
    titles: dict[Look, str]
    leads: dict[Look, str]
    leads_to: str
    led_to: str
    leads_on_to: str
    reason: str
    named_by: str
    since: str
    is_punycode: str
    whole_address: str
    listed: dict[ThreatType, str]
    suspected: dict[ThreatType, str]
    not_certain: str
    advisory: str
    learn_more: str
    why: dict[Why, str]
    go_on_hint: str
    go_on: str
    override_hint: str
    override_reason: str
    override: str
    look_again: str
    report_title: str
    report_done: str
    report_hint: str
    report_more: str
    report_text: str
    report: dict[ReaderReportKind, str]
    reported: dict[ReaderReportKind, str]
    reason_missing: str
    not_now: str
    contact: str

    def day(self, at_us: int) -> str:
        """Return the day (UTC) of a time in microseconds since 1970, as it is written in this language."""
        day = datetime.fromtimestamp(at_us / 1e6, UTC)
        return self.date.format(day=day.day, month=self.months[day.month - 1], year=day.year)
