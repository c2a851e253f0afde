"""What is wrong with a link, in the words that administrators see: by `ThreatType` and `ThreatReason`."""

from typing import Final

from backstamp.console.wording.events import Words
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.threats import ThreatReason
from backstamp.vocabulary import ThreatType

THREATS: Final[dict[ThreatType, Words]] = {
    ThreatType.MALWARE: Words("Malware", "It spreads dangerous programs.", "stop", "bad"),
    ThreatType.PHISHING: Words(
        "Phishing", "It asks for passwords or money under a false name.", "stop", "bad"
    ),
    ThreatType.UNWANTED_SOFTWARE: Words(
        "Unwanted software", "Programs that nobody asked for.", "stop", "warn"
    ),
    ThreatType.SPAM: Words("Spam", "Advertised by unwanted mail.", "stop", "warn"),
    ThreatType.FORBIDDEN: Words("Forbidden", "On your own list, or switched off.", "stop", "bad"),
    ThreatType.SUSPICIOUS: Words(
        "Suspicious", "No list names it, but its looks speak against it.", "unknown", "warn"
    ),
}

REASONS: Final[dict[str, str]] = {
    ThreatReason.LISTED_URL: "a list names this address",
    ThreatReason.LISTED_HOST: "a list names its host",
    ThreatReason.LISTED_PREFIX: "a list has a hash that begins the same",
    ThreatReason.OWN_LIST: "an administrator blocked it",
    ThreatReason.SWITCHED_OFF: "it was switched off",
    "doubted_on_arrival": "it was in doubt when the mail came, and is not known any better",
    "asked_too_often": "links of its mail were asked for too often",
    ThreatReason.ADDRESS_HOST: "its host is a bare address",
    ThreatReason.PRIVATE_ADDRESS_HOST: "its host is an address inside a network",
    ThreatReason.DISGUISED_HOST: "its address is written in a disguised form",
    ThreatReason.READ_DIFFERENTLY: "programs disagree on where it leads",
    ThreatReason.USERINFO: "it has a user name before the host",
    ThreatReason.HOST_IN_USERINFO: "its user name looks like a host",
    ThreatReason.UNUSUAL_PORT: "its port is unusual",
    ThreatReason.PUNYCODE: "its host is written in punycode",
    ThreatReason.UNUSUAL_CHARACTERS: "its host has unusual characters",
    ThreatReason.MIXED_SCRIPTS: "its host mixes scripts",
    ThreatReason.CONFUSABLE_SCRIPT: "its host can be taken for another in Latin letters",
    ThreatReason.MANY_SUBDOMAINS: "its host has very many labels",
    ThreatReason.LONG_HOST: "its host is very long",
    ThreatReason.NEW_HOST: "nobody here was sent its host before",
    ThreatReason.LOOKS_LIKE_OWN: "it looks like a domain of yours",
    ThreatReason.LOOKS_LIKE_KNOWN: "it looks like a well-known domain",
    ThreatReason.RESEMBLES_OWN: "it is nearly spelled like a domain of yours",
    ThreatReason.RESEMBLES_KNOWN: "it is nearly spelled like a well-known domain",
    ThreatReason.DOMAIN_IN_HOST: "another domain stands in its host",
    ThreatReason.NAME_WITH_BAIT: "a known name stands in its host beside a bait",
    ThreatReason.NAME_IN_HOST: "a known name stands in its host",
    ThreatReason.NAME_ELSEWHERE: "a known name stands elsewhere in it",
    ThreatReason.TEXT_SHOWS_KNOWN: "its words show a well-known domain that it does not lead to",
    ThreatReason.TEXT_SHOWS_OTHER: "its words show another domain",
    ThreatReason.SHORTENER: "a shortener hides where it leads",
    ThreatReason.REDIRECTOR: "it leads on through an open redirector",
    ThreatReason.URL_IN_URL: "another address is inside it",
    ThreatReason.MANY_URLS: "more addresses are inside it than can be looked at",
    ThreatReason.FOREIGN_SHARE: "it opens a share outside, to which Windows hands a hash of the password",
    ThreatReason.PROGRAM_FILE: "it leads to a program",
    ThreatReason.DOUBLE_EXTENSION: "its file name hides what it is",
}

_UNKNOWN: Final = Words("Something", "", "unknown", "unknown")


def threat_words(threat: str) -> Words:
    """Return how a stored threat is shown."""
    return THREATS[ThreatType(threat)] if threat in list(ThreatType) else _UNKNOWN


def reason_words(reason: str) -> str:
    """Return a stored reason in words; one that this program does not know as it is."""
    if reason in list(SkipReason):
        return SkipReason(reason).sentence
    return REASONS.get(reason, reason[:48])
