"""`backstamp bench fill` makes mail that can be looked at, and no worker takes for its own or for old."""

import io
from datetime import UTC, datetime, timedelta

from backstamp.app.bench.fill import fill
from backstamp.app.bench.made_up.dataset import DAYS, records
from backstamp.records.models import Event, JournalCursor, Message
from backstamp.records.queries.sent_mail import message_page


def test_what_is_filled_in_is_found_and_belongs_to_no_journal(vendor: str) -> None:
    fill(600, io.StringIO())
    assert Event.objects.count() == len(list(records(600)))
    assert not JournalCursor.objects.exists()
    assert len(message_page(search="shop.example").rows) == 600 // 50
    assert not message_page(search="shop.example/").rows


def test_what_the_command_fills_in_ends_now_so_that_no_worker_deletes_it_as_old(vendor: str) -> None:
    now = datetime.now(UTC)
    fill(300, io.StringIO(), start=now - timedelta(days=DAYS))
    times = list(Message.objects.order_by("queued_at").values_list("queued_at", flat=True))
    assert times[0] - (now - timedelta(days=DAYS)) < timedelta(days=1)
    # Somebody may have set the clock back meanwhile.
    latest = Event.objects.order_by("at").values_list("at", flat=True).last()
    assert latest is not None
    assert latest <= datetime.now(UTC) + timedelta(minutes=1)
