"""What waits for channels: never a storm, bounded, and the gravest first."""

from datetime import timedelta

import msgspec
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Alert, Channel, Outgoing
from backstamp.records.outbox import entries as outbox
from backstamp.records.outbox.gravity import place_of
from backstamp.records.wording.notices import notice_of
from backstamp.vocabulary import AlertRule, ChannelKind, ClickAction, JournalRecord
from tests.records.journal_records import after, batch, delivery
from tests.records.raised_alerts import SQLITE_IS_ENOUGH, take
from tests.records.received import followed, received


def many(number: int) -> list[JournalRecord]:
    """Return clicks on so many dangerous hosts."""
    urls = [f"https://h{n}.evil.example/" for n in range(number)]
    clicks = [followed(30 + 20 * n, link=n, source=b"one%05d" % n) for n in range(number)]
    return [received(*urls), delivery(1), *clicks]


def test_above_the_rate_alerts_come_in_one_digest_and_none_is_lost() -> None:
    Channel.objects.update(kind=ChannelKind.SLACK)
    take(many(25), 60)
    singles = Outgoing.objects.filter(kind="alert")
    digest = Outgoing.objects.get(kind="digest")
    assert len(singles) == 10
    assert digest.due_at == after(60) + outbox.DIGEST_TIME
    told = {pk for row in (*singles, digest) for pk in row.alerts}
    assert told == set(Alert.objects.values_list("pk", flat=True))
    assert len(told) == 25
    notice = notice_of(digest)
    assert notice is not None
    assert len(notice.alerts) == 15


@SQLITE_IS_ENOUGH
def test_a_program_behind_a_webhook_hears_of_a_hundred_alerts_one_by_one() -> None:
    take(many(101), 60)
    assert Outgoing.objects.filter(kind="alert").count() == 100
    assert len(Outgoing.objects.get(kind="digest").alerts) == 1


@SQLITE_IS_ENOUGH
def test_a_digest_is_bounded_and_says_how_many_more_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    Channel.objects.update(kind=ChannelKind.MAIL)
    monkeypatch.setattr(outbox, "MOST_IN_DIGEST", 5)
    take(many(25), 60)
    digest = Outgoing.objects.get(kind="digest")
    assert (len(digest.alerts), digest.left_out) == (5, 10)


@SQLITE_IS_ENOUGH
def test_in_a_flood_of_lesser_alerts_those_who_went_on_are_left_out_of_no_digest_and_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "MOST_IN_DIGEST", 5)
    monkeypatch.setitem(outbox.MOST_SINGLE, ChannelKind.WEBHOOK, 0)
    first, delivered, *clicks = many(12)
    take([first, delivered, *clicks[:9]], 300)
    ingest(batch("worse", [followed(400, ClickAction.GO_ON, link=3)]), after(401))
    ingest(
        batch("more", [msgspec.structs.replace(each, at_us=each.at_us + 10**9) for each in clicks[9:]]),
        after(1300),
    )
    digest = Outgoing.objects.get()
    through = Alert.objects.get(rule="clicked_through")
    assert through.pk in digest.alerts
    assert (len(digest.alerts), digest.left_out) == (5, Alert.objects.count() - 5)
    notice = notice_of(digest)
    assert notice is not None
    assert notice.alerts[0].id == through.pk


def test_every_rule_has_a_place_of_its_own_among_the_others() -> None:
    assert sorted(map(place_of, AlertRule)) == list(range(len(AlertRule)))


@SQLITE_IS_ENOUGH
def test_what_is_due_is_found_without_reading_what_was_delivered() -> None:
    """The outbox is looked into three times a second, and keeps what was delivered for the retention time."""
    with CaptureQueriesContext(connection) as asked:
        outbox.due(after(60), (), 9)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked.captured_queries[-1]['sql']}")
        plan = [row[3] for row in cursor.fetchall()]
    assert plan[0] == "SEARCH records_outgoing USING INDEX outgoing_by_state (state=?)"
    assert not any("TEMP B-TREE" in step for step in plan)


def test_what_was_sent_by_a_fast_clock_does_not_count_for_the_rate(channel: Channel) -> None:
    with transaction.atomic():
        outbox.enqueue(channel, range(1, 101), Outgoing.Kind.ALERT, after(0) + timedelta(days=365))
        outbox.enqueue(channel, [101], Outgoing.Kind.ALERT, after(0))
    assert list(Outgoing.objects.filter(kind="digest")) == []
