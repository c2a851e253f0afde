"""said_before: what was said of received links already, and which of a message's recipients it was about.

A finding stands with a link, and is about all who received it. Only what an own list says is about those
whose list it is: for all, for a domain, or for a mailbox; it is noted once for each of these, under a name
of its own.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from backstamp.policy import EVERYBODY
from backstamp.policy.clicks import OWN_SOURCE
from backstamp.records.alerting.occurrences import CERTAIN
from backstamp.records.database.instants import microseconds, read
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.looking_back.link_expressions import layers_of, stored_digest
from backstamp.records.models import OwnListEntry
from backstamp.threats import ThreatReason
from backstamp.vocabulary import AlertRule, ThreatType

Link = tuple[int, int]
"""Message (stored tracking id) and number."""

_GRAVE: Final = frozenset({ThreatType.MALWARE, ThreatType.PHISHING, ThreatType.FORBIDDEN})
"""What is blocked unless a domain says otherwise; of the rest readers are warned."""
_LONGEST_SOURCE: Final = 64
_KNOWN_LATER_US: Final = 10_000_000
"""Gateways see a new entry of an own list within seconds; what came in them was not judged by it."""
_FINDINGS: Final = (
    "SELECT f.message_id, f.number, f.reason, f.source, f.threat, f.found_at "
    "FROM keys CROSS JOIN records_linkfinding f WHERE f.message_id = keys.m"
)
_PEOPLE: Final = (
    "SELECT p.message_id, p.recipient_index, p.act, a.host FROM keys CROSS JOIN records_alertperson p "
    "CROSS JOIN records_alert a WHERE p.message_id = keys.m AND a.id = p.alert_id "
    f"AND a.rule IN ('{AlertRule.RECEIVED_BEFORE.value}', '{AlertRule.CLICKED_BEFORE.value}')"
)


class Receiver(NamedTuple):
    """A recipient of a message. `first_place` is the first that this mailbox has among the recipients.

    `domain` is by whose policy it was received: an address may have none of its own.
    """

    place: int
    address: str
    domain: str
    key: bytes
    queued_us: int
    first_place: int

    @property
    def scopes(self) -> frozenset[str]:
        """The own lists that hold for this mailbox."""
        return frozenset((EVERYBODY, self.domain or EVERYBODY, self.key.hex() or EVERYBODY))

    def narrower(self, scope: str) -> frozenset[str]:
        """Return the scopes of own lists that have the say before that of `scope`, for this mailbox."""
        if scope == self.key.hex():
            return frozenset()
        return self.scopes - {EVERYBODY, scope}

    def own_source(self, scope: str) -> str:
        """Return under which name it is noted with a link what the own list of a scope says to this mailbox.

        It holds no address: findings go with their message, and not with a recipient who is erased.
        """
        if scope == EVERYBODY:
            return f"{OWN_SOURCE} for all"
        if scope == self.domain:
            return _bounded(f"{OWN_SOURCE} of {scope}")
        return f"{OWN_SOURCE} of recipient {self.first_place + 1}"


class Said(NamedTuple):
    """A finding that stands with a link. `is_certain`: it is, and as bad as what is looked back for now.

    `scopes` are those of the own lists that said it where its name does not tell, None for all else.
    """

    source: str
    reason: str
    at_us: int
    is_certain: bool
    scopes: frozenset[str] | None = None

    def is_about(self, receiver: Receiver) -> bool:
        """Whether it is said to this recipient, too."""
        if self.reason != ThreatReason.OWN_LIST:
            return True
        if self.scopes is not None:
            return not self.scopes.isdisjoint(receiver.scopes)
        return any(self.source == receiver.own_source(scope) for scope in receiver.scopes)


class Told(NamedTuple):
    """Who is in an alert: message, place, what they did, and the host that the alert is about."""

    message: int
    place: int
    act: str
    host: str


def said_of(links: Mapping[Link, str], threat: ThreatType) -> dict[Link, list[Said]]:
    """Return what was said of links (each with its URL) before a threat of this kind is looked back for."""
    found: dict[Link, list[Said]] = defaultdict(list)
    nameless: list[tuple[Link, Said]] = []
    keys = {(message,) for message, _ in links}
    for message, number, reason, source, said_threat, at in select_for_keys(_FINDINGS, ("m",), keys):
        link = message, number
        if link not in links:
            continue
        certain = reason in CERTAIN and (threat not in _GRAVE or said_threat in _GRAVE)
        said = Said(source, reason, read(at), certain)
        if reason == ThreatReason.OWN_LIST and not source.startswith(f"{OWN_SOURCE} "):
            nameless.append((link, said))
        else:
            found[link].append(said)
    if nameless:
        blocked = _blocked()
        for link, said in nameless:
            found[link].append(said._replace(scopes=_blocking(links[link], blocked, said.at_us)))
    return found


def people_told(messages: Iterable[int]) -> frozenset[Told]:
    """Return who of messages is in an alert about mail of before."""
    return frozenset(Told(*row) for row in select_for_keys(_PEOPLE, ("m",), {(m,) for m in messages}))


def _bounded(source: str) -> str:
    if len(source) <= _LONGEST_SOURCE:
        return source
    rest = hashlib.blake2b(source.encode("utf-8", "replace"), digest_size=6).hexdigest()
    return f"{source[: _LONGEST_SOURCE - 13]}~{rest}"


def _blocked() -> list[tuple[int, str, int]]:
    """Return what own lists block: digest, scope, and since when."""
    rows = OwnListEntry.objects.filter(kind=OwnListEntry.Kind.BLOCKED)
    return [
        (stored_digest(bytes(digest)), scope, microseconds(since))
        for digest, scope, since in rows.values_list("digest", "scope", "since")
    ]


def _blocking(url: str, blocked: Iterable[tuple[int, str, int]], at_us: int) -> frozenset[str]:
    """Return the scopes whose lists had blocked a URL when a message came."""
    digests = {digest for layer in layers_of(url) for digest in layer}
    return frozenset(
        scope
        for digest, scope, since_us in blocked
        if digest in digests and since_us <= at_us - _KNOWN_LATER_US
    )
