"""The doctor compares the times of messages with those of the keys, and with now."""

from datetime import datetime, timedelta

import msgspec

from backstamp.app.doctor.database import dates
from backstamp.records.ingest.batches import ingest
from backstamp.tokens import Keyring
from backstamp.vocabulary import QueuedRecipient
from tests.records.journal_records import START, after, batch, queued

DAY = timedelta(days=1)


def ring_of(made: datetime) -> Keyring:
    return Keyring.create(b"k" * 32, b"a" * 32, int(made.timestamp()))


def told(made: datetime, now: datetime) -> list[tuple[str, str]]:
    ring = ring_of(made)
    return [(each.grade.name, each.text) for each in dates(ring, now, 90)]


def test_a_database_without_the_keys_of_its_mail_is_told() -> None:
    """Who restored it, and forgot the key file, got a new one at the start."""
    assert told(START, START) == []
    ingest(batch("a", [queued()]), after(1))
    assert told(START - DAY, START + 9 * DAY) == []
    assert told(START + 2 * DAY, START + 9 * DAY) == [
        (
            "WRONG",
            "has mail of 2026-03-02, and the oldest key is of 2026-03-04: links of mail from before are "
            "dead, and nobody's consent or wish to get no more mail is found",
        )
    ]


def test_a_clock_that_differed_by_hours_or_made_the_keys_in_the_future_is_no_lost_key() -> None:
    ingest(batch("a", [queued()]), after(1))
    assert told(START + DAY / 2, START + 9 * DAY) == []
    assert told(START + 999 * DAY, START + 9 * DAY) == []


def test_nothing_is_told_by_keys_of_a_time_that_no_calendar_has() -> None:
    ingest(batch("a", [queued()]), after(1))
    assert list(dates(Keyring.create(b"k" * 32, b"a" * 32, 253_402_300_800), START + 9 * DAY, 90)) == []


def test_keys_that_know_the_recipients_are_of_this_mail_whatever_their_dates() -> None:
    """A stolen key was taken out of the file, or a clock was wrong."""
    anna, bert = queued().recipients
    ours = msgspec.structs.replace(anna, recipient_key=ring_of(START).recipient_key(anna.address))
    ingest(batch("a", [msgspec.structs.replace(queued(), recipients=(bert, ours))]), after(1))
    assert told(START + 2 * DAY, START + 9 * DAY) == []


def test_mail_to_nobody_in_particular_goes_by_the_dates() -> None:
    nobody = (QueuedRecipient(0, "anna@example.com", b""),)
    ingest(batch("a", [msgspec.structs.replace(queued(), recipients=nobody)]), after(1))
    assert [grade for grade, _ in told(START + 2 * DAY, START + 9 * DAY)] == ["WRONG"]


def test_mail_of_a_clock_that_was_ahead_is_told_with_how_long_it_stays() -> None:
    ingest(batch("a", [queued()]), after(1))
    assert told(START - 99 * DAY, START - DAY / 2) == []
    assert told(START - 99 * DAY, START - 9 * DAY) == [
        (
            "NOTE",
            "has mail of 2026-03-02, recorded by a clock that was ahead: it is kept until 90 days after that "
            "day",
        )
    ]
