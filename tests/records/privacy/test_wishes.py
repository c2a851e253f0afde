"""What recipients ask for on their own pages."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from backstamp.policy import Consent as Said
from backstamp.policy import ConsentState, Keys, SuppressionReason
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Consent, DayCount, Event, ListWish, RecordsRequest, Suppression
from backstamp.records.snapshot import part_changes, suppressed_keys
from backstamp.records.snapshot.parts import consents
from backstamp.records.suppression import suppression_list
from backstamp.records.suppression.list_wishes import MOST_KEPT
from backstamp.records.suppression.suppression_list import Entry
from backstamp.vocabulary import JournalRecord, Wish, WishAct
from tests.records.journal_records import (
    ANNA,
    after,
    batch,
    click,
    pixel,
    queued,
)
from tests.records.journal_records import wish as anna_wishes

ENTRY = {"example.org": {SuppressionReason.UNSUBSCRIBED: Keys.of({ANNA})}}


def wish(act: WishAct, seconds: float = 60, **changes: object) -> Wish:
    return msgspec.structs.replace(anna_wishes(act, seconds), **changes)


def take(*records: JournalRecord, start: int = 0, producer: str = "p") -> None:
    ingest(batch(producer, records, start=start), after(3600))


def unsubscribed() -> list[tuple[int, int | None]]:
    return list(
        Event.objects.filter(type="unsubscribed").order_by("at").values_list("message_id", "recipient_index")
    )


def test_unsubscribing_is_an_entry_with_evidence_and_an_event_on_the_timeline(tmp_path: Path) -> None:
    take(queued(), wish(WishAct.UNSUBSCRIBE))
    (row,) = Suppression.objects.all()
    assert (row.address, row.domain, row.reason) == ("anna@example.com", "example.org", "unsubscribed")
    assert row.since == after(60)
    assert "2026-03-02 09:01:00 UTC" in row.evidence
    assert "You get mail. / Unsubscribe" in row.evidence
    assert suppressed_keys.suppressed(tmp_path) == ENTRY
    assert [index for _, index in unsubscribed()] == [0]


def test_once_more_changes_nothing() -> None:
    take(queued(), wish(WishAct.UNSUBSCRIBE), wish(WishAct.UNSUBSCRIBE, 61))
    take(wish(WishAct.UNSUBSCRIBE, 62), start=3)
    assert Suppression.objects.get().since == after(60)
    assert len(unsubscribed()) == 1


def test_who_comes_back_is_taken_off_the_list_and_can_go_again() -> None:
    take(queued(), wish(WishAct.UNSUBSCRIBE), wish(WishAct.RESUBSCRIBE, 70))
    assert not Suppression.objects.exists()
    before = part_changes.of_suppressions()
    take(wish(WishAct.UNSUBSCRIBE, 80), start=3)
    assert part_changes.of_suppressions() != before
    assert Suppression.objects.get().since == after(80)
    assert len(unsubscribed()) == 2


def test_coming_back_that_arrives_late_undoes_nothing_that_was_wished_after_it() -> None:
    take(queued(), wish(WishAct.UNSUBSCRIBE, 80), producer="a")
    take(wish(WishAct.RESUBSCRIBE, 70), producer="b")
    assert Suppression.objects.get().since == after(80)
    take(wish(WishAct.UNSUBSCRIBE, 60), producer="c")
    assert Suppression.objects.get().since == after(80)
    assert Event.objects.filter(type="unsubscribed").count() == 2


def test_unsubscribing_that_arrives_late_does_not_undo_coming_back() -> None:
    take(queued(), wish(WishAct.RESUBSCRIBE, 70), producer="a")
    take(wish(WishAct.UNSUBSCRIBE, 60), producer="b")
    assert not Suppression.objects.exists()
    assert len(unsubscribed()) == 1


def test_of_two_wishes_in_one_moment_the_unsubscribing_stands() -> None:
    take(queued(), wish(WishAct.UNSUBSCRIBE), wish(WishAct.RESUBSCRIBE))
    assert Suppression.objects.get().since == after(60)


def test_an_unsubscribing_that_came_before_it_after_all_takes_its_place_on_the_timeline() -> None:
    take(queued(), wish(WishAct.UNSUBSCRIBE, 80), producer="a")
    take(wish(WishAct.UNSUBSCRIBE, 60), producer="b")
    assert Suppression.objects.get().since == after(60)
    assert list(Event.objects.filter(type="unsubscribed").values_list("at", flat=True)) == [after(60)]
    counted = DayCount.objects.filter(measure="unsubscribed", domain_id=-1)
    assert list(counted.values_list("number", flat=True)) == [1]


@pytest.mark.parametrize(("index", "number"), [(0, [1]), (9, [])])
def test_a_wish_that_gives_way_is_taken_from_the_counts_only_where_it_was_in_them(
    index: int, number: list[int]
) -> None:
    take(wish(WishAct.UNSUBSCRIBE, 80, recipient_index=index), producer="a")
    take(queued(), wish(WishAct.UNSUBSCRIBE, 60, recipient_index=index), producer="b")
    take(wish(WishAct.UNSUBSCRIBE, 50, recipient_index=index), producer="c")
    counted = DayCount.objects.filter(measure="unsubscribed", domain_id=-1).exclude(number=0)
    assert list(counted.values_list("number", flat=True)) == number


def test_an_entry_from_elsewhere_that_is_newer_than_coming_back_stays() -> None:
    imported = Entry(
        address="anna@example.com",
        recipient_key=ANNA,
        reason=SuppressionReason.UNSUBSCRIBED,
        since=after(75),
        domain="example.org",
    )
    suppression_list.add([imported])
    take(queued(), wish(WishAct.RESUBSCRIBE, 70), wish(WishAct.RESUBSCRIBE, 75))
    assert Suppression.objects.get().since == after(75)
    take(wish(WishAct.RESUBSCRIBE, 80), start=3)
    assert not Suppression.objects.exists()


def test_what_an_administrator_took_off_comes_back_by_a_new_wish_only() -> None:
    take(queued(), wish(WishAct.UNSUBSCRIBE))
    assert suppression_list.remove(ANNA) == 1
    take(wish(WishAct.RESUBSCRIBE, 70), start=2)
    assert not Suppression.objects.exists()
    take(wish(WishAct.UNSUBSCRIBE, 90), start=3)
    assert Suppression.objects.get().since == after(90)


def test_who_acts_without_end_is_remembered_by_what_matters() -> None:
    many = [wish(WishAct.UNSUBSCRIBE, 60 + n) for n in range(MOST_KEPT + 20)]
    take(queued(), *many)
    take(*many, producer="again")
    assert ListWish.objects.count() == MOST_KEPT
    assert Suppression.objects.get().since == after(60)
    assert len(unsubscribed()) == 1
    turns = [wish(WishAct.RESUBSCRIBE if n % 2 else WishAct.UNSUBSCRIBE, 900 + n) for n in range(200)]
    for start, turn in enumerate(turns):
        take(turn, start=start, producer="turns")
    assert ListWish.objects.count() == MOST_KEPT
    assert not Suppression.objects.exists()
    assert len(unsubscribed()) == 1 + 99


def test_of_many_wishes_the_earliest_and_the_last_coming_back_are_remembered() -> None:
    several = [wish(WishAct.UNSUBSCRIBE, 80 + n) for n in range(MOST_KEPT + 20)]
    take(queued(), *several, producer="a")
    take(wish(WishAct.RESUBSCRIBE, 80.5), producer="late")
    assert Suppression.objects.get().since == after(81)
    others = [wish(WishAct.UNSUBSCRIBE, 100 + n, tracking_id=n) for n in range(MOST_KEPT + 20)]
    take(*others, producer="b")
    take(wish(WishAct.UNSUBSCRIBE, 60), producer="later")
    assert Suppression.objects.get().since == after(81)


def test_who_unsubscribes_from_two_mails_has_it_on_both_timelines() -> None:
    take(queued(), queued(message=7), wish(WishAct.UNSUBSCRIBE), wish(WishAct.UNSUBSCRIBE, 61, tracking_id=7))
    take(wish(WishAct.UNSUBSCRIBE, 62, tracking_id=7), start=4)
    assert [message for message, _ in unsubscribed()] == [to_database(queued().tracking_id), 7]
    assert Suppression.objects.get().since == after(60)


def test_whose_message_comes_later_is_known_by_address_then() -> None:
    take(wish(WishAct.UNSUBSCRIBE), wish(WishAct.STOP_OPENS), producer="edge")
    assert (Suppression.objects.get().address, Consent.objects.get().address) == ("", ANNA.hex())
    take(queued(), producer="gateway")
    assert Suppression.objects.get().address == Consent.objects.get().address == "anna@example.com"


@pytest.mark.parametrize("order", [(60, 80), (80, 60)])
def test_of_two_withdrawals_the_earlier_is_the_evidence(order: tuple[int, int]) -> None:
    take(queued())
    for number, seconds in enumerate(order):
        take(wish(WishAct.STOP_OPENS, seconds), producer=f"p{number}")
    take(wish(WishAct.STOP_LINKS, 70), producer="links")
    found = Consent.objects.get().evidence.splitlines()
    assert [line[:26] for line in found] == ["links: 2026-03-02 09:01:10", "opens: 2026-03-02 09:01:00"]


def test_coming_back_does_not_undo_a_bounce_or_what_holds_for_another_domain() -> None:
    bounced = Entry(
        address="anna@example.com",
        recipient_key=ANNA,
        reason=SuppressionReason.HARD_BOUNCE,
        since=after(0),
        domain="example.org",
    )
    other = msgspec.structs.replace(bounced, reason=SuppressionReason.UNSUBSCRIBED, domain="other.example")
    suppression_list.add([bounced, other])
    take(queued(), wish(WishAct.UNSUBSCRIBE), wish(WishAct.UNSUBSCRIBE, 61))
    assert Suppression.objects.filter(domain="example.org").count() == 2
    take(wish(WishAct.RESUBSCRIBE, 70), start=3)
    assert sorted(Suppression.objects.values_list("domain", "reason")) == [
        ("example.org", "hard_bounce"),
        ("other.example", "unsubscribed"),
    ]
    assert len(unsubscribed()) == 1


def test_a_wish_that_comes_before_its_message_is_on_its_timeline_and_counted_once(tmp_path: Path) -> None:
    take(wish(WishAct.UNSUBSCRIBE), producer="edge")
    assert suppressed_keys.suppressed(tmp_path) == ENTRY
    take(queued(), producer="gateway")
    assert [index for _, index in unsubscribed()] == [0]
    assert list(
        DayCount.objects.filter(measure="unsubscribed", domain_id=-1).values_list("number", flat=True)
    ) == [1]


def test_it_works_when_the_message_was_deleted_long_ago(tmp_path: Path) -> None:
    take(wish(WishAct.UNSUBSCRIBE), wish(WishAct.STOP_OPENS))
    assert suppressed_keys.suppressed(tmp_path) == ENTRY
    assert consents() == {ANNA: Said(opens=ConsentState.WITHDRAWN)}


def test_a_sender_that_the_address_does_not_say_is_looked_up() -> None:
    take(queued(), wish(WishAct.UNSUBSCRIBE, sender_domain=""))
    assert Suppression.objects.get().domain == "example.org"


@pytest.mark.parametrize(
    ("act", "kept"),
    [(WishAct.STOP_OPENS, ["clicked"]), (WishAct.STOP_LINKS, ["opened"])],
)
def test_a_withdrawal_bites_on_its_axis_and_on_mail_already_sent(act: WishAct, kept: list[str]) -> None:
    take(queued())
    Consent.objects.create(
        address="anna@example.com", recipient_key=ANNA, opens="granted", links="granted", evidence="by phone"
    )
    before = part_changes.of_consents()
    take(wish(act), pixel(70), click(70), start=1)
    assert list(Event.objects.filter(type__in=("opened", "clicked")).values_list("type", flat=True)) == kept
    row = Consent.objects.get()
    assert {row.opens, row.links} == {"granted", "withdrawn"}
    assert row.recorded_by == "the recipient"
    assert "2026-03-02 09:01:00 UTC" in row.evidence
    assert "You get mail. / Unsubscribe" in row.evidence
    assert row.evidence.endswith("by phone")
    assert part_changes.of_consents() != before


def test_records_are_asked_for_once_a_day() -> None:
    day = timedelta(days=1).total_seconds()
    take(queued(), *(wish(WishAct.MAIL_RECORDS, seconds) for seconds in (60, 61, day, day + 61)))
    assert list(RecordsRequest.objects.values_list("asked_at", flat=True)) == [after(60), after(day + 61)]
    assert set(RecordsRequest.objects.values_list("language", flat=True)) == {"de"}


def test_a_request_that_a_fast_clock_noted_stops_none_of_today() -> None:
    year = timedelta(days=365).total_seconds()
    take(queued(), wish(WishAct.MAIL_RECORDS, 60 + year))
    ingest(batch("later", [wish(WishAct.MAIL_RECORDS, 60)]), after(100))
    assert RecordsRequest.objects.count() == 2


def test_a_replay_changes_nothing() -> None:
    records: list[JournalRecord] = [queued(), wish(WishAct.UNSUBSCRIBE), wish(WishAct.RESUBSCRIBE, 70)]
    take(*records)
    take(*records)
    assert not Suppression.objects.exists()
    assert len(unsubscribed()) == 1
