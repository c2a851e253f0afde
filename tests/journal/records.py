"""Records for the journal's tests."""

from pathlib import Path

from hypothesis import strategies as st

from backstamp.journal import JournalReader, RecordId, framing
from backstamp.vocabulary import (
    Delivery,
    EventType,
    Hit,
    HitKind,
    JournalRecord,
    Origin,
    Queued,
    QueuedRecipient,
)


def hit(number: int, user_agent: str = "Mozilla/5.0") -> Hit:
    return Hit(
        at_us=1_763_683_200_000_000 + number,
        kind=HitKind.PIXEL,
        domain_id=7,
        tracking_id=number,
        recipient_key=number.to_bytes(8, "big"),
        headers={"user_agent": user_agent, "accept": "image/*"},
        source=b"pseudony",
    )


def read_all(directory: Path, limit: int = 1000) -> list[tuple[RecordId, JournalRecord]]:
    """Read to the end with a fresh reader, a batch of `limit` at a time."""
    reader = JournalReader(directory)
    cursors: dict[str, int] = {}
    found: list[tuple[RecordId, JournalRecord]] = []
    while True:
        batch = reader.read(cursors, limit)
        if batch.cursors == cursors:
            return found
        found += batch.records
        cursors = batch.cursors


texts = st.text(max_size=40)
hits = st.builds(
    Hit,
    at_us=st.integers(0, 2**50),
    kind=st.sampled_from(HitKind),
    domain_id=st.integers(0, 65_535),
    tracking_id=st.integers(0, 2**64 - 1),
    recipient_key=st.binary(max_size=8),
    recipient_index=st.none() | st.integers(0, 65_534),
    headers=st.dictionaries(texts, texts, max_size=4),
    source=st.binary(max_size=8) | st.just(framing.MAGIC),
)
queued = st.builds(
    Queued,
    at_us=st.integers(0, 2**50),
    tracking_id=st.integers(0, 2**64 - 1),
    origin=st.sampled_from(Origin),
    subject=texts,
    recipients=st.tuples(st.builds(QueuedRecipient, index=st.integers(0, 9), address=texts)),
    manifest=st.text(max_size=2000),
)
deliveries = st.builds(
    Delivery,
    at_us=st.integers(0, 2**50),
    tracking_id=st.integers(0, 2**64 - 1),
    type=st.sampled_from(EventType),
    recipient_index=st.integers(0, 9),
    text=texts,
)
journal_records = hits | queued | deliveries
