"""The click log: what fits, in which order, and how far it looks."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from backstamp.records.looking_back.link_expressions import expressions_of
from backstamp.records.models import Event, LinkExpression, Message, SenderDomain
from backstamp.records.queries import click_filter, clicks
from backstamp.records.queries.click_filter import ClickFilter, Who
from backstamp.records.queries.clicks import click_page
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Actor, Direction, EventType, Origin
from tests.console.seed import event, link, message, recipient


def received(number: int, *addresses: str, url: str = "https://a.example/x", **fields: Any) -> Message:
    """Make a received message with one link to each of its recipients."""
    made = message(number, direction=Direction.INBOUND, origin=Origin.FILTER, protection="protect", **fields)
    for index, address in enumerate(addresses):
        recipient(made, index, address)
    link(made, 0, url, "words")
    for digest in expressions_of(url):
        LinkExpression.objects.create(message=made, number=0, digest=digest)
    return made


def click(of: Message, seconds: float, type_: EventType = EventType.ALLOWED, **fields: Any) -> Event:
    wanted: dict[str, Any] = {"link_number": 0, "actor": Actor.HUMAN}
    return event(of, type_, seconds, **(wanted | fields))


def shown(wanted: ClickFilter, size: int = 50) -> list[int]:
    return [row.event.pk for row in click_page(wanted, size=size).rows]


def test_clicks_are_shown_newest_first_with_all_that_is_known_of_them() -> None:
    mail = received(1, "ann@example.org", subject="Hello")
    detail = {"threat": "phishing", "reason": "listed_url", "source": "urlhaus"}
    old = click(mail, 10)
    new = click(mail, 20, EventType.BLOCKED, detail=detail, address="192.0.2.0")
    event(mail, EventType.SENT, 30)
    page = click_page(ClickFilter())
    assert [row.event.pk for row in page.rows] == [new.pk, old.pk]
    first = page.rows[0]
    assert (first.address, first.url, first.text) == ("ann@example.org", "https://a.example/x", "words")
    assert (first.message, first.detail, page.older) == (mail, detail, "")


def test_every_filter_shows_its_own() -> None:
    SenderDomain.objects.create(id=7, name="example.net")
    ann = received(1, "Ann@example.org", url="https://www.evil.example/a?b")
    bob = received(2, "bob@example.net", url="https://good.example/", domain_id=7)
    together = received(3, "c@example.net", "d@example.net", url="https://evil.example.org/", domain_id=7)
    by_ann = click(ann, 10, EventType.BLOCKED)
    by_bob = click(bob, 10, actor=Actor.UNKNOWN)
    by_scanner = click(bob, 11, actor=Actor.SCANNER)
    by_somebody = click(together, 10, EventType.WARNED, recipient_index=NO_RECIPIENT)
    everything = [by_somebody.pk, by_scanner.pk, by_bob.pk, by_ann.pk]
    assert shown(ClickFilter()) == everything
    assert shown(ClickFilter(who=Who.PEOPLE)) == [by_somebody.pk, by_ann.pk]
    assert shown(ClickFilter(who=Who.UNCLEAR)) == [by_bob.pk]
    assert shown(ClickFilter(who=Who.MACHINES)) == [by_scanner.pk]
    assert shown(ClickFilter(action=EventType.BLOCKED)) == [by_ann.pk]
    assert shown(ClickFilter(mailbox="bob@example.net")) == [by_scanner.pk, by_bob.pk]
    assert shown(ClickFilter(mailbox="Ann@example.org")) == [by_ann.pk]
    assert shown(ClickFilter(domain="example.net")) == everything[:3]
    assert shown(ClickFilter(domain="example.org")) == [by_ann.pk]
    assert shown(ClickFilter(message=together.pk)) == [by_somebody.pk]
    assert shown(ClickFilter(expression="evil.example/")) == [by_ann.pk]
    assert shown(ClickFilter(expression="www.evil.example/a?b")) == [by_ann.pk]
    assert shown(ClickFilter(expression="www.evil.example/other")) == []
    assert shown(ClickFilter(expression="nowhere.example/")) == []
    assert shown(ClickFilter(message=bob.pk, who=Who.MACHINES, expression="good.example/")) == [by_scanner.pk]
    assert shown(ClickFilter(mailbox="bob@example.net", message=ann.pk)) == []
    assert shown(ClickFilter(domain="%")) == []


@pytest.mark.parametrize("few", [0, 100])
def test_a_host_is_found_whether_few_mails_have_it_or_many(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click_filter, "_FEW", few)
    mail = received(1, "ann@example.org", url="https://www.evil.example/")
    other = received(2, "ann@example.org")
    link(mail, 1, "https://notevil.example/")
    found = click(mail, 1)
    click(mail, 2, link_number=1)
    click(other, 3)
    assert shown(ClickFilter(expression="evil.example/")) == [found.pk]


def test_what_happened_to_links_of_sent_mail_is_not_in_the_log() -> None:
    sent = message(1)
    recipient(sent)
    link(sent, 0)
    click(sent, 1, EventType.BLOCKED)
    assert shown(ClickFilter()) == []
    assert shown(ClickFilter(message=sent.pk)) == []


@pytest.mark.parametrize("wanted", [{}, {"mailbox": "ann@example.org"}, {"expression": "a.example/"}])
def test_pages_hold_every_click_once_even_of_one_moment(wanted: dict[str, Any]) -> None:
    mail = received(1, "ann@example.org")
    made = [click(mail, 10 + number // 4).pk for number in range(13)]
    seen: list[int] = []
    before = ""
    while True:
        page = click_page(ClickFilter(**wanted), before=before, size=3)
        seen += [row.event.pk for row in page.rows]
        before = page.older
        if not before:
            break
    assert sorted(seen) == sorted(made)
    assert seen == [row.pk for row in Event.objects.filter(pk__in=made).order_by("-at", "-pk")]


def test_a_page_looks_at_so_many_clicks_and_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clicks, "_CHUNKS", (2, 3))
    mail = received(1, "ann@example.org")
    wanted = click(mail, 1, EventType.BLOCKED)
    for second in range(2, 10):
        click(mail, second)
    page = click_page(ClickFilter(action=EventType.BLOCKED))
    assert (page.rows, page.cut) == ((), True)
    page = click_page(ClickFilter(action=EventType.BLOCKED), before=page.older)
    assert ([row.event.pk for row in page.rows], page.older, page.cut) == ([wanted.pk], "", False)


@pytest.mark.parametrize("cursor", ["x", "1", "1.", "-1.2", "1.2.3", "9" * 30 + ".1", "١.٢"])
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        click_page(ClickFilter(), before=cursor)


def test_the_newest_clicks_are_read_from_their_own_index(vendor: str) -> None:
    if vendor == "sqlite":
        statements = list(_statements())
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {statements[0]}")
            plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        assert "event_guarded" in plan
        assert "TEMP B-TREE" not in plan


def test_a_domain_is_asked_for_click_by_click_and_never_as_a_table_of_all_recipients() -> None:
    """Of an EXISTS PostgreSQL may make a table, which shows where there are many recipients."""
    statements = list(_statements(domain="example.org"))
    assert "lower(r.address)" in statements[0]
    assert not any("EXISTS" in statement for statement in statements)


def _statements(**wanted: Any) -> Iterator[str]:
    seen: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "records_event x" in sql:
            seen.append(connection.ops.last_executed_query(context["cursor"], sql, params) or sql)
        return execute(sql, params, many, context)

    mail = received(1, "ann@example.org")
    click(mail, 1)
    with connection.execute_wrapper(note):
        click_page(ClickFilter(**wanted))
    yield from seen


def test_two_messages_at_a_time_keep_their_links_apart() -> None:
    first, second = received(1, "a@example.org"), received(2, "b@example.org", url="https://b.example/")
    at = second.queued_at + timedelta(seconds=1)
    click(first, 0, at=at)
    click(second, 0, at=at)
    assert [(row.address, row.url) for row in click_page(ClickFilter()).rows] == [
        ("b@example.org", "https://b.example/"),
        ("a@example.org", "https://a.example/x"),
    ]
