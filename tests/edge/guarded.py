"""Received mail in the edge's tests: what is listed, what a domain wants, and what readers reported."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from backstamp.edge import Edge
from backstamp.journal import JournalReader
from backstamp.policy import ConsentMode, DomainPolicy, Kills, OwnList, Protection, ProtectionMode, Snapshot
from backstamp.shared_files import publish_lists, publish_snapshot
from backstamp.shared_files.answers_file import publish_answers
from backstamp.threats.answers import Answers, Confirmed
from backstamp.threats.lists import Source, SourceEntries
from backstamp.tokens import seal_link
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import ReaderReport, ThreatType
from tests.edge.setting import NOTHING_KILLED, RECIPIENT, RING, edge_in

DAY = 20_000
"""The fourth of October 2024."""
LISTED = {
    "phish.example/": ThreatType.PHISHING,
    "malware.example/x.exe": ThreatType.MALWARE,
    "spam.example/": ThreatType.SPAM,
    "unwanted.example/": ThreatType.UNWANTED_SOFTWARE,
}
PREFIX = "maybe.example/"
NO_LISTS: Mapping[str, OwnList] = {}
PROTECTED = Protection(mode=ProtectionMode.PROTECT)


def digest(expression: str) -> bytes:
    return full_hash(expression)[:8]


def guard(
    directory: Path,
    protection: Protection = PROTECTED,
    *,
    own_lists: Mapping[str, OwnList] = NO_LISTS,
    kills: Kills = NOTHING_KILLED,
    enabled: bool = True,
) -> None:
    """Publish a policy in which the domain of all tokens here is protected."""
    publish_snapshot(
        directory / "snapshot",
        Snapshot(
            published_at_us=1,
            enabled=enabled,
            consent_mode=ConsentMode.OBJECTION,
            tracking_url="http://localhost",
            origins={},
            domains={"acme.example": DomainPolicy(domain_id=1, name="acme.example", protection=protection)},
            own_lists=dict(own_lists),
            kills=kills,
            guards=True,
        ),
    )


def list_bad(
    directory: Path, listed: Mapping[str, ThreatType] = LISTED, prefixes: Iterable[str] = ()
) -> None:
    """Publish a list for each kind of threat, and one of bare prefixes."""
    sources = [
        SourceEntries(
            Source(f"list-of-{threat.value}", threat),
            [full_hash(expression) for expression, kind in listed.items() if kind is threat],
            DAY,
        )
        for threat in dict.fromkeys(listed.values())
    ]
    bare = Source("prefixes", ThreatType.PHISHING, 4, bare=True)
    sources.append(SourceEntries(bare, [full_hash(each)[:4] for each in prefixes]))
    publish_lists(directory / "threats.lists", sources)


def answer(directory: Path, *, dangerous: Iterable[str] = (), asked: Iterable[str] = ()) -> None:
    """Publish what publishers have said of prefixes."""
    confirmed = (Confirmed(ThreatType.PHISHING, "prefixes", 0, 1 << 62),)
    publish_answers(
        directory / "threats.answers",
        Answers(
            {full_hash(each): confirmed for each in dangerous},
            {full_hash(each)[:4]: 1 << 62 for each in asked},
        ),
    )


def received(
    url: str,
    *,
    recipient: int | None = 2,
    recipient_key: bytes = RECIPIENT,
    number: int = 3,
    domain_id: int = 1,
    doubtful: bool = False,
) -> str:
    """Return the path of a link of received mail."""
    token = seal_link(
        RING,
        domain_id=domain_id,
        tracking_id=7,
        recipient_index=recipient,
        link_number=number,
        url=url,
        protected=True,
        recipient_key=recipient_key,
        doubtful=doubtful,
    )
    return f"/{token}"


def sent(url: str, *, recipient: int | None = 2) -> str:
    """Return the path of a link of sent mail."""
    token = seal_link(RING, domain_id=1, tracking_id=7, recipient_index=recipient, link_number=3, url=url)
    return f"/{token}"


def protecting_edge(directory: Path, protection: Protection = PROTECTED, **more: object) -> Edge:
    """Return an edge with lists and a protected domain."""
    guard(directory, protection, **more)  # type: ignore[arg-type]
    list_bad(directory, prefixes=(PREFIX,))
    return edge_in(directory)


def reports_in(directory: Path) -> list[ReaderReport]:
    return [
        record
        for _, record in JournalReader(directory / "journal").read({}, 100_000).records
        if isinstance(record, ReaderReport)
    ]
