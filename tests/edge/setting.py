"""A data directory for the edge's tests, tokens in it, and what was recorded there."""

from pathlib import Path

from backstamp.edge import Edge, EdgeConfig
from backstamp.journal import JournalReader, JournalWriter
from backstamp.policy import Consent, ConsentMode, Consents, ConsentState, Kills, Snapshot
from backstamp.shared_files import (
    EdgeCounters,
    SignatureFile,
    SnapshotFile,
    SourceKeys,
    ThreatFile,
    publish_snapshot,
)
from backstamp.shared_files.answers_file import AnswersFile
from backstamp.tokens import Keyring, seal_link, seal_pixel
from backstamp.vocabulary import Hit

RING = Keyring.create(b"k" * 32, b"a" * 32, 1)
OTHER_RING = Keyring.create(b"o" * 32, b"b" * 32, 1)
RECIPIENT = b"recipien"
WITHDRAWN = b"withdrew"
NOTHING_KILLED = Kills()
URL = "https://www.example.org/a?b=c&d=%20e#f"


def pixel(tracking_id: int = 7, recipient_key: bytes = RECIPIENT, ring: Keyring = RING) -> str:
    return seal_pixel(ring, domain_id=1, tracking_id=tracking_id, recipient_key=recipient_key)


def link(tracking_id: int = 7, url: str = URL, ring: Keyring = RING, *, protected: bool = False) -> str:
    return seal_link(
        ring,
        domain_id=1,
        tracking_id=tracking_id,
        recipient_index=2,
        link_number=3,
        url=url,
        protected=protected,
    )


def publish(
    directory: Path, *, enabled: bool = True, keep_addresses: bool = False, kills: Kills = NOTHING_KILLED
) -> None:
    publish_snapshot(
        directory / "snapshot",
        Snapshot(
            published_at_us=1,
            enabled=enabled,
            consent_mode=ConsentMode.OBJECTION,
            tracking_url="http://localhost",
            origins={},
            keep_addresses=keep_addresses,
            consents=Consents.said({WITHDRAWN: Consent(opens=ConsentState.WITHDRAWN)}),
            kills=kills,
        ),
    )


def edge_in(directory: Path, config: EdgeConfig | None = None) -> Edge:
    journal = JournalWriter(directory / "journal", role="edge", sync="off")
    return Edge(
        config or EdgeConfig(host="127.0.0.1", port=0),
        keyring=lambda: RING,
        snapshot=SnapshotFile(directory / "snapshot"),
        journal=journal,
        wishes=JournalWriter(directory / "journal", role="edge", ahead=True, sync="off"),
        source_keys=SourceKeys(directory / "source-keys"),
        signatures=SignatureFile(directory / "signatures.json"),
        counters=EdgeCounters(directory / "metrics", journal.sync_times),
        threats=ThreatFile(directory / "threats.lists"),
        answers=AnswersFile(directory / "threats.answers"),
    )


def hits_in(directory: Path) -> list[Hit]:
    reader = JournalReader(directory / "journal")
    cursors: dict[str, int] = {}
    found: list[Hit] = []
    while True:
        batch = reader.read(cursors, 100_000)
        if batch.cursors == cursors:
            return found
        found += [record for _, record in batch.records if isinstance(record, Hit)]
        cursors = batch.cursors
