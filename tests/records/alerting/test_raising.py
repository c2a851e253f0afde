"""The same story is one alert, told once, and once more how it went on."""

from datetime import timedelta

from django.db import transaction

from backstamp.records.alerting.raising import SAME_STORY, tell_grown
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Alert, Channel, Outgoing
from backstamp.records.outbox import channels
from backstamp.records.outbox import entries as outbox
from backstamp.records.wording.notices import notice_of
from backstamp.vocabulary import JournalRecord
from tests.records.journal_records import after, batch, delivery
from tests.records.raised_alerts import people, raised, take
from tests.records.received import followed, received


def test_the_same_story_is_one_alert_with_a_count_and_its_people() -> None:
    take([received(), delivery(1), followed(30), followed(31), followed(40, index=1)])
    ingest(batch("q", [followed(90)]), after(91))
    assert raised() == [("known_bad_click", "our.example", "login.evil.example", 4)]
    assert people(Alert.objects.get()) == [("anna@our.example", "blocked"), ("bert@our.example", "blocked")]
    assert Outgoing.objects.count() == 1
    ingest(batch("r", [followed(100)]), after(60) + SAME_STORY)
    assert [count for *_, count in raised()] == [4, 1]
    assert Outgoing.objects.count() == 2


def test_a_replay_raises_nothing_again() -> None:
    records: list[JournalRecord] = [received(), delivery(1), followed(30)]
    take(records)
    take(records)
    assert [count for *_, count in raised()] == [1]


def test_what_went_on_after_channels_were_told_is_told_once_when_the_time_is_over() -> None:
    take([received(), delivery(1), followed(30)])
    Outgoing.objects.update(state=Outgoing.State.DELIVERED)
    ingest(batch("q", [followed(50), followed(55)]), after(70))
    end = after(60) + SAME_STORY
    with transaction.atomic():
        assert tell_grown(end - timedelta(seconds=1)) == 0
        assert tell_grown(end) == 1
        assert tell_grown(end) == 0
    update = Outgoing.objects.get(kind="update")
    notice = notice_of(update)
    assert notice is not None
    assert [facts.count for facts in notice.alerts] == [3]
    with transaction.atomic():
        assert tell_grown(end + SAME_STORY) == 0


def test_after_a_clock_that_was_a_year_fast_stories_and_messages_go_on_at_once() -> None:
    year = timedelta(days=365)
    ingest(batch("p", [received(), delivery(1), followed(30)]), after(60) + year)
    ingest(batch("q", [followed(50)]), after(70) + year)
    channels.test(Channel.objects.get(), after(61) + year)
    now = after(90)
    assert len(outbox.due(now, (), 9)) == 2, "noted for a day that is far away"
    with transaction.atomic():
        assert tell_grown(now) == 1
    Alert.objects.update(quiet_until=now + year)
    ingest(batch("r", [followed(100)]), now)
    assert [count for *_, count in raised()] == [2, 1]
    assert Outgoing.objects.filter(due_at__lte=now, kind="alert").count() == 1
