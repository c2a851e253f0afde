"""The migrations make exactly the tables that the models describe, and keep what an older version stored."""

import base64
import json
from datetime import timedelta

import msgspec
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from backstamp.records.ingest.batches import ingest
from backstamp.records.looking_back import decisions
from backstamp.records.migrations._part_changes_0024 import drop_triggers
from backstamp.records.models import DayCount, Event, LiftedAllowance, MessageText, Recipient
from backstamp.records.queries import search
from backstamp.records.queries.sent_mail import message_page
from backstamp.records.rollups.rebuild import fill_in_missing
from backstamp.records.suppression.suppression_list import listed
from backstamp.vocabulary import WishAct
from tests.records.dump import dump, signals, source
from tests.records.journal_records import (
    ANNA,
    BERT,
    START,
    after,
    batch,
    click,
    delivery,
    pixel,
    queued,
    wish,
)


def test_no_model_was_changed_without_a_migration() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def test_the_events_of_an_older_version_are_kept_and_counted(vendor: str) -> None:
    ingest(batch("a", [queued(), delivery(1), pixel(600), click(700)]), after(1000))
    ingest(batch("b", [pixel(600, message=9)]), after(1000))
    expected = dump()
    before = {event.pk: (event.at, event.revised_at, signals(event)) for event in Event.objects.all()}
    _as_of_0003(vendor)

    call_command("migrate", interactive=False, verbosity=0)
    assert fill_in_missing() == 1
    assert dump() == expected
    assert {e.pk: (e.at, e.revised_at, signals(e)) for e in Event.objects.all()} == before
    # What was ingested before goes on as if nothing had happened.
    ingest(batch("a", [click(700.3, link=1), click(700.6, link=2)], start=4), after(1001))
    clicked = Event.objects.get(producer="a", position=300)
    assert "link_burst" in signals(clicked)
    assert source(clicked) == b"source-1"


def test_an_empty_database_of_an_older_version_becomes_an_empty_one(vendor: str) -> None:
    _as_of_0003(vendor)
    call_command("migrate", interactive=False, verbosity=0)
    assert fill_in_missing() == 0
    ingest(batch("a", [queued(), pixel(600)]), after(1000))
    assert Event.objects.count() == 2


def test_the_suppression_list_of_an_older_version_is_kept_and_takes_further_reasons_and_wishes(
    vendor: str,
) -> None:
    call_command("migrate", "records", "0015", interactive=False, verbosity=0)
    old = MigrationExecutor(connection).loader.project_state([("records", "0015_unprotected_mail")]).apps
    for key, reason in ((ANNA, "unsubscribed"), (BERT, "hard_bounce")):
        old.get_model("records", "Suppression").objects.create(
            domain="example.org", address="", recipient_key=key, reason=reason, since=after(-9), evidence="-"
        )
    call_command("migrate", interactive=False, verbosity=0)
    wishes = [wish(WishAct.UNSUBSCRIBE, 60), wish(WishAct.UNSUBSCRIBE, 60, index=1)]
    ingest(batch("a", [queued(), *wishes]), after(100))
    assert [(bytes(row.recipient_key), row.reason, row.since, row.address) for row in listed()] == [
        (ANNA, "unsubscribed", after(-9), "anna@example.com"),
        (BERT, "hard_bounce", after(-9), "bert@example.com"),
        (BERT, "unsubscribed", after(60), "bert@example.com"),
    ]
    ingest(batch("b", [wish(WishAct.RESUBSCRIBE, 70), wish(WishAct.RESUBSCRIBE, 70, index=1)]), after(100))
    assert [(bytes(row.recipient_key), row.reason) for row in listed()] == [(BERT, "hard_bounce")]


def test_what_is_allowed_no_longer_keeps_its_scope_which_stood_before_the_expression() -> None:
    call_command("migrate", "records", "0026", interactive=False, verbosity=0)
    old = MigrationExecutor(connection).loader.project_state([("records", "0026_suppressions_by_age")]).apps
    for written in ("evil.example/", "our.example evil.example/a"):
        old.get_model("records", "LiftedAllowance").objects.create(expression=written)
    call_command("migrate", interactive=False, verbosity=0)
    assert list(LiftedAllowance.objects.order_by("pk").values_list("scope", "expression")) == [
        ("", "evil.example/"),
        ("our.example", "evil.example/a"),
    ]


def test_days_lose_what_only_an_older_version_counted() -> None:
    ingest(batch("a", [queued()]), after(100))
    expected = sorted(DayCount.objects.values_list("measure", flat=True))
    call_command("migrate", "records", "0030", interactive=False, verbosity=0)
    for measure in ("recipients_possible", "received/recipients_measurable"):
        DayCount.objects.create(day=START.date(), domain_id=-1, measure=measure, number=1)
    call_command("migrate", interactive=False, verbosity=0)
    assert sorted(DayCount.objects.values_list("measure", flat=True)) == expected


def test_what_an_older_version_allowed_is_no_news_and_what_it_blocked_is_still_looked_for() -> None:
    call_command("migrate", "records", "0027", interactive=False, verbosity=0)
    state = MigrationExecutor(connection).loader.project_state(
        [("records", "0027_scope_of_lifted_allowances")]
    )
    old = state.apps.get_model("records", "OwnListEntry").objects
    for kind in ("allowed", "blocked"):
        old.create(kind=kind, expression=f"{kind}.example/", digest=kind[:8].encode())
    call_command("migrate", interactive=False, verbosity=0)
    assert [entry.expression for entry in decisions.allowed()] == []
    assert [entry.expression for _, entry in decisions.decided()] == ["blocked.example/"]


def test_what_an_older_version_searched_is_found_and_numbered_by_time(
    vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "NEWEST", 1)
    times = {3: 0, 1: 10, 2: 20}
    records = [
        msgspec.structs.replace(queued(message=key), at_us=queued().at_us + at) for key, at in times.items()
    ]
    ingest(batch("a", records), after(100))
    call_command("migrate", "records", "0016", interactive=False, verbosity=0)
    old = (
        MigrationExecutor(connection).loader.project_state([("records", "0016_reasons_of_suppression")]).apps
    )
    texts = old.get_model("records", "MessageText").objects
    assert sorted(texts.values_list("pk", flat=True)) == [1, 2, 3]
    texts.filter(pk=1).update(text="zebra")
    texts.filter(pk=2).delete()

    call_command("migrate", "records", interactive=False, verbosity=0)
    assert list(MessageText.objects.order_by("pk").values_list("message_id", flat=True)) == [3, 1]
    assert [row.message.pk for row in message_page(search="zebra").rows] == [1]
    # The hosts of links, which were not searched for, are put to what lacks them, and to nothing twice.
    assert MessageText.objects.get(message=1).text == "zebra\nexample.net"
    assert MessageText.objects.get(message=3).text.count("example.net") == 1
    assert [row.message.pk for row in message_page(search="example.net").rows] == [1, 3]
    MessageText.objects.filter(message=3).update(text="quagga")
    assert [row.message.pk for row in message_page(search="quagga").rows] == [3]


def test_copies_of_received_mail_of_an_older_version_are_known_as_such(vendor: str) -> None:
    call_command("migrate", "records", "0017", interactive=False, verbosity=0)
    old = MigrationExecutor(connection).loader.project_state([("records", "0017_numbered_texts")]).apps
    for number, direction in enumerate(("outbound", "inbound")):
        message = old.get_model("records", "Message").objects.create(
            tracking_id=number, direction=direction, origin="gateway", queued_at=START
        )
        old.get_model("records", "Recipient").objects.create(
            message=message, index=0, address="anna@example.com"
        )
    call_command("migrate", interactive=False, verbosity=0)
    assert set(Recipient.objects.values_list("message_id", "received")) == {(0, False), (1, True)}


def _as_of_0003(vendor: str) -> None:
    """Put the tables back to what migration 0003 had, with the same content."""
    events = [
        (event, [dict(zip(("signal", "weight", "text"), r, strict=True)) for r in reasons])
        for event, reasons in (
            (event, row["reasons"])
            for event, row in zip(
                Event.objects.order_by("producer", "position").select_related("headers"),
                dump()["Event"],
                strict=True,
            )
        )
    ]
    with connection.schema_editor() as editor:
        drop_triggers(apps, editor)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE records_event")
        newer = ("messagerollup", "messagetext", "daycount", "headerset", "reason", "reversename")
        guarded = (
            *("protecteddomain", "protectionexception", "ownlistentry", "expressionkill"),
            *("linkexpression", "linkfinding", "readerreportrow", "liftedallowance"),
        )
        alerting = (
            *("outgoing", "alertsetting_channels", "alertsetting", "channel", "alertperson", "alert"),
            *("clickedhost", "clickedhostperson"),
        )
        for table in (
            *newer,
            *guarded,
            *alerting,
            "suppression",
            "listwish",
            "unmatchedreport",
            "recordsrequest",
            "erasedcopy",
            "partchange",
        ):
            cursor.execute(f"DROP TABLE records_{table}")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'records' AND name >= '0004'")
        cursor.execute("ALTER TABLE records_senderdomain DROP COLUMN unsubscribe")
        for index in ("message_received", "message_unprotected", "recipient_received", "consent_by_age"):
            cursor.execute(f"DROP INDEX {index}")
        cursor.execute("ALTER TABLE records_recipient DROP COLUMN received")
        cursor.execute("ALTER TABLE records_journalcursor DROP COLUMN gone_at")
        for column in ("protection", "unprotected"):
            cursor.execute(f"ALTER TABLE records_message DROP COLUMN {column}")
        cursor.execute("ALTER TABLE records_message ADD COLUMN version bigint NOT NULL DEFAULT 0")
    old = MigrationExecutor(connection).loader.project_state([("records", "0003_kill")]).apps
    with connection.schema_editor() as editor:
        editor.create_model(old.get_model("records", "Event"))
    model = old.get_model("records", "Event")
    model.objects.bulk_create(_old_event(model, event, reasons) for event, reasons in events)


def _old_event(model: type, event: Event, reasons: list[dict[str, object]]) -> object:
    names: tuple[str, ...] = (
        "id",
        "producer",
        "position",
        "message_id",
        "recipient_index",
        "type",
        "at",
        "link_number",
        "actor",
    )
    names += ("counts", "score", "certainty", "final", "revised_at", "client", "detail")
    hit = None
    if event.headers is not None:
        named = bytes(event.named or b"")
        hit = {
            "is": "hit",
            "at_us": (event.at - START) // timedelta(microseconds=1),
            "kind": "pixel" if event.type == "opened" else "redirect",
            "domain_id": 0,
            "tracking_id": 0,
            "headers": json.loads(event.headers.headers),
        }
        if event.type == "opened":
            hit["recipient_key"] = base64.b64encode(named).decode()
        else:
            hit["recipient_index"] = int.from_bytes(named, "big")
    return model(
        **{name: getattr(event, name) for name in names},
        reasons=reasons,
        hit=hit,
        source=None if event.headers is None else source(event),
    )
