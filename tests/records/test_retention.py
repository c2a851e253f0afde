"""What is older than the installation keeps is deleted with all that hangs on it, and nothing else is."""

import pytest

from backstamp.records import retention
from backstamp.records.changes import newest_version
from backstamp.records.ingest import ingest
from backstamp.records.models import CapturedMail, Event, Link, ListWish, Message, Recipient, Suppression
from backstamp.records.retention import Deleted, delete_before
from backstamp.vocabulary import WishAct
from tests.records.journal_records import after, batch, delivery, pixel, queued, wish


def test_old_messages_go_with_everything_and_young_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_SLICE", 2)
    for number in range(1, 6):
        ingest(batch(f"p{number}", [queued(message=number), delivery(1, message=number)]), after(10))
    Message.objects.filter(pk=5).update(queued_at=after(1000))
    CapturedMail.objects.create(file_name="x.eml")
    before = newest_version()
    assert delete_before(after(500)) == Deleted(4, 0)
    assert list(Message.objects.values_list("pk", flat=True)) == [5]
    assert set(Recipient.objects.values_list("message_id", flat=True)) == {5}
    assert set(Link.objects.values_list("message_id", flat=True)) == {5}
    assert set(Event.objects.values_list("message_id", flat=True)) == {5}
    assert CapturedMail.objects.count() == 1
    assert newest_version() > before


def test_hits_whose_message_never_came_go_by_their_own_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_EVENT_SLICE", 2)
    ingest(batch("edge", [pixel(n, message=9) for n in (0, 10, 20, 700)]), after(800))
    ingest(batch("gateway", [queued()]), after(800))
    Message.objects.update(queued_at=after(1000))
    assert delete_before(after(600)) == Deleted(0, 3)
    assert Event.objects.filter(type="opened").count() == 1
    assert Message.objects.count() == 1


def test_wishes_go_by_their_own_age_and_what_they_came_to_stays() -> None:
    ingest(batch("edge", [wish(WishAct.UNSUBSCRIBE, 60)]), after(100))
    delete_before(after(70))
    assert ListWish.objects.count() == 0
    ingest(batch("a", [wish(WishAct.UNSUBSCRIBE, 80)]), after(100))
    assert Suppression.objects.get().since == after(60)
    ingest(batch("b", [wish(WishAct.RESUBSCRIBE, 90)]), after(100))
    assert Suppression.objects.count() == 0
    assert ListWish.objects.count() == 2
