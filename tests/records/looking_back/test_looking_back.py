"""When a link becomes known to be bad: who received it and who followed it is found, told once, and kept."""

from collections.abc import Sequence

import msgspec
import pytest
from django.db.models.signals import post_init
from hypothesis import given, settings
from hypothesis import strategies as st

from backstamp.records.alerting import people as people_module
from backstamp.records.alerting.occurrences import MACHINES, Occurrence, Person
from backstamp.records.alerting.people import keep_people, people_of
from backstamp.records.database.instants import microseconds
from backstamp.records.ingest.batches import ingest
from backstamp.records.looking_back import decisions
from backstamp.records.looking_back.decisions import decided
from backstamp.records.looking_back.link_expressions import digest_of, expressions_of, stored_digest
from backstamp.records.looking_back.listings import Listing, below, matched, messages_under
from backstamp.records.looking_back.look import Found, look_back
from backstamp.records.looking_back.looking_again import look_again
from backstamp.records.models import (
    Alert,
    AlertPerson,
    Event,
    ExpressionKill,
    LiftedAllowance,
    LinkExpression,
    LinkFinding,
    Outgoing,
    OwnListEntry,
    SenderDomain,
)
from backstamp.records.outbox import channels
from backstamp.records.privacy.retention import delete_before
from backstamp.records.protection.own_lists import take_off
from backstamp.records.rollups.changes import newest_version
from backstamp.records.wording.notices import notice_of
from backstamp.threats import ThreatReason
from backstamp.urls.safe_browsing import expressions, full_hash
from backstamp.vocabulary import (
    AlertRule,
    ChannelKind,
    ClickAction,
    JournalRecord,
    Queued,
    QueuedFinding,
    QueuedRecipient,
    ThreatType,
)
from tests.records.journal_records import ANNA, BERT, MESSAGE, after, batch, delivery, queued
from tests.records.received import EVIL, GOOD, HEADERS_OF_A_SCRIPT, ON_ARRIVAL, followed, received

WRAPPED = "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Flogin.evil.example%2Fin%3Fto%3D1&data=05"
LATER = after(3600)
SQLITE_IS_ENOUGH = pytest.mark.parametrize("vendor", ["sqlite"])


def take(records: Sequence[JournalRecord], producer: str = "p") -> None:
    ingest(batch(producer, records), after(600))


def listing(
    expression: str = "login.evil.example/",
    *,
    source: str = "urlhaus",
    scope: str = "",
) -> Listing:
    return Listing(
        digest=digest_of(expression),
        threat=ThreatType.MALWARE,
        source=source,
        scope=scope,
    )


def looked(*listings: Listing) -> list[Found]:
    return [look_back(each, messages_under(each.digest), LATER) for each in matched(listings)]


OF_TWO_DOMAINS = (
    QueuedRecipient(0, "anna@our.example", ANNA),
    QueuedRecipient(1, "carl@other.example", BERT),
)


def block(expression: str, scope: str) -> None:
    digest = full_hash(expression)[:8]
    OwnListEntry.objects.create(kind="blocked", scope=scope, expression=expression, digest=digest)


def looked_for_decisions(*, again: bool = False) -> list[Found]:
    if again:
        OwnListEntry.objects.update(looked_back_at=None)
    waiting = decided()
    found = [one for each, _ in waiting for one in looked(each)]
    for _, row in waiting:
        decisions.note_done(row, LATER)
    return found


def people(alert: Alert) -> list[tuple[str, str]]:
    return sorted(AlertPerson.objects.filter(alert=alert).values_list("address", "act"))


def test_each_expression_of_received_links_is_kept_once_a_message_and_none_of_sent_mail() -> None:
    take([received(EVIL, "https://login.evil.example/other"), queued(message=7)])
    rows = list(LinkExpression.objects.values_list("number", "digest"))
    of_first = {stored_digest(full_hash(each)) for each in expressions(EVIL)}
    assert {digest for number, digest in rows if number == 0} == of_first
    assert {digest for number, digest in rows if number == 1} == {
        digest_of("login.evil.example/other"),
        digest_of("evil.example/other"),
    }
    assert len({digest for _, digest in rows}) == len(rows)


def test_links_that_were_too_costly_on_arrival_have_no_expressions_and_the_short_ones_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backstamp.urls.layers._MOST_CHARACTERS", 500)
    take([received(GOOD + "x" * 500, EVIL)])
    assert {number for (number,) in LinkExpression.objects.values_list("number")} == {1}


@SQLITE_IS_ENOUGH
def test_expressions_go_with_their_message() -> None:
    take([received()])
    assert LinkExpression.objects.exists()
    delete_before(after(100_000))
    assert not LinkExpression.objects.exists()


def test_what_was_received_and_followed_before_is_found_with_who_did_what_and_machines_apart() -> None:
    take(
        [
            received(),
            delivery(1),
            delivery(1, index=1),
            followed(30, ClickAction.ALLOW, headers=HEADERS_OF_A_SCRIPT, source=b"scanner1"),
            followed(200, ClickAction.ALLOW, index=1),
            followed(260, ClickAction.ALLOW, link=1, index=0),
        ]
    )
    assert looked(listing()) == [Found(links=1, alerts=1)]
    (finding,) = LinkFinding.objects.all()
    assert (finding.number, finding.source, finding.reason, finding.found_at) == (
        *(0, "urlhaus", "listed_host"),
        LATER,
    )
    (alert,) = Alert.objects.all()
    assert (alert.rule, alert.domain, alert.host) == (
        "clicked_before_listed",
        "our.example",
        "login.evil.example",
    )
    assert people(alert) == [
        ("anna@our.example", "received"),
        ("bert@our.example", "allowed"),
        ("bert@our.example", "received"),
    ]
    assert alert.machines == 1


def test_where_nobody_followed_it_the_alert_says_that_it_was_received() -> None:
    take([received()])
    looked(listing())
    assert Alert.objects.get().rule == "received_before_listed"


def test_looking_back_twice_finds_nothing_new_and_alerts_nobody_again() -> None:
    channels.add("ops", ChannelKind.WEBHOOK, "https://hooks.example/", "me")
    take([received()])
    assert looked(listing()) == [Found(1, 1)]
    assert looked(listing()) == [Found(0, 0)]
    assert (Alert.objects.get().count, Outgoing.objects.count()) == (1, 1)


def test_live_pages_are_told_of_what_is_found_and_of_nothing_else() -> None:
    take([received()])
    before = newest_version()
    looked(listing())
    assert newest_version() == before + 1
    looked(listing())
    assert newest_version() == before + 1


def test_what_was_known_when_the_mail_came_is_no_news() -> None:
    take([received(findings=[ON_ARRIVAL])])
    known = listing("login.evil.example/in")
    assert looked(known) == [Found(0, 0)]
    assert looked(listing("login.evil.example/in", source="openphish")) == [Found(1, 0)]
    assert not Alert.objects.exists()


def test_a_second_list_that_names_the_same_link_alerts_nobody_again() -> None:
    channels.add("ops", ChannelKind.WEBHOOK, "https://hooks.example/", "me")
    take([received(), received(message=2, seconds=60)])
    look_back(listing(), [MESSAGE - (1 << 64)], LATER)
    assert looked(listing("login.evil.example/in", source="openphish")) == [Found(links=2, alerts=0)]
    alert = Alert.objects.get()
    assert (alert.rule, alert.source, alert.count) == ("received_before_listed", "urlhaus", 2)
    told = set(AlertPerson.objects.values_list("message_id", flat=True))
    assert told == {MESSAGE - (1 << 64), 2}, "of a message of which the first list knew nothing it is news"
    sources = LinkFinding.objects.filter(message_id=MESSAGE - (1 << 64)).values_list("source", flat=True)
    assert sorted(sources) == ["openphish", "urlhaus"], "the pages of the message name both"
    ExpressionKill.objects.create(expression="evil.example/", killed_at=LATER)
    ((decision, _),) = decided()
    assert looked(decision) == [Found(links=2, alerts=0)]
    assert Outgoing.objects.count() == 1
    assert Alert.objects.get().count == 2


@SQLITE_IS_ENOUGH
def test_who_followed_a_link_is_kept_however_many_received_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages are gone through in pages: those who followed it may be in the last."""
    monkeypatch.setattr(people_module, "MOST_PEOPLE", 6)
    channels.add("ops", ChannelKind.WEBHOOK, "https://hooks.example/", "me")
    take(
        [
            *(received(message=number) for number in range(1, 7)),
            *(delivery(1, message=number, index=index) for number in (5, 6) for index in (0, 1)),
            followed(200, ClickAction.ALLOW, message=5, index=0),
            followed(210, ClickAction.ALLOW, message=6, index=1),
        ]
    )
    for number in range(1, 7):
        look_back(listing(), [number], LATER)
    alert = Alert.objects.get()
    assert (alert.rule, alert.count) == ("clicked_before_listed", 6)
    kept = [(row.message_id, row.act) for row in people_of(alert.pk)]
    assert kept[:2] == [(5, "allowed"), (6, "allowed")]
    assert [act for _, act in kept[2:]] == ["received"] * 4
    notice = notice_of(Outgoing.objects.get())
    assert notice is not None
    assert notice.alerts[0].people == {"allowed": 2, "received": 4}
    assert [act.act for act in notice.alerts[0].acts][:2] == ["allowed", "allowed"]


@SQLITE_IS_ENOUGH
def test_nobody_gives_way_to_somebody_who_is_kept_already(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_module, "MOST_PEOPLE", 3)
    take(
        [
            *(received(message=number) for number in (1, 2, 3)),
            delivery(1, message=1),
            followed(200, ClickAction.ALLOW, message=1),
        ]
    )
    for number in (1, 2, 3):
        look_back(listing(), [number], LATER)
    alert = Alert.objects.get()
    kept = [(row.pk, row.message_id, row.act) for row in people_of(alert.pk)]
    assert [act for _, _, act in kept].count("received") == 2
    who = people_of(alert.pk)[0]
    again = Person(who.message_id, who.recipient_index, who.address, who.act, 9)
    story = Occurrence(rule=AlertRule(alert.rule), domain="", host="", at_us=9, people=(again,))
    keep_people({alert.pk: [story]})
    assert [(row.pk, row.message_id, row.act) for row in people_of(alert.pk)] == kept


def test_hours_later_a_second_list_opens_no_second_story() -> None:
    take([received(), delivery(1), followed(200, ClickAction.ALLOW)])
    first, second = listing(), listing("login.evil.example/in", source="openphish")
    messages = messages_under(first.digest)
    assert look_back(first, messages, LATER) == Found(1, 1)
    assert look_back(second, messages, after(50_000)) == Found(1, 0)
    assert [alert.source for alert in Alert.objects.all()] == ["urlhaus"]


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    ("first", "second", "alerts"),
    [
        (ThreatType.SPAM, ThreatType.SPAM, 0),
        (ThreatType.SPAM, ThreatType.PHISHING, 1),
        (ThreatType.PHISHING, ThreatType.MALWARE, 0),
        (ThreatType.PHISHING, ThreatType.SPAM, 0),
    ],
)
def test_a_second_list_that_says_worse_is_news(first: ThreatType, second: ThreatType, alerts: int) -> None:
    take([received(findings=[msgspec.structs.replace(ON_ARRIVAL, threat=first)])])
    other = msgspec.structs.replace(listing(source="openphish"), threat=second)
    assert looked(other) == [Found(1, alerts)]


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    ("action", "alerts"), [(ClickAction.ALLOW, 1), (ClickAction.WARN, 0), (ClickAction.BLOCK, 0)]
)
def test_a_second_list_is_news_where_the_link_has_led_somebody_on_although_one_named_it(
    action: ClickAction, alerts: int
) -> None:
    take([received(findings=[ON_ARRIVAL]), delivery(1), followed(200, action)])
    (told,) = looked(listing(source="openphish"))
    assert told.links == 1
    rules = Alert.objects.filter(source="openphish").values_list("rule", flat=True)
    assert list(rules) == ["clicked_before_listed"] * alerts
    assert looked(listing(source="phishtank")) == [Found(1, 0)], "that has been told"


@SQLITE_IS_ENOUGH
def test_a_second_list_is_no_news_where_only_a_machine_was_led_on() -> None:
    script = followed(200, ClickAction.ALLOW, headers=HEADERS_OF_A_SCRIPT)
    take([received(findings=[ON_ARRIVAL]), delivery(1), script])
    assert looked(listing(source="openphish")) == [Found(1, 0)]


@SQLITE_IS_ENOUGH
def test_a_kind_of_threat_that_is_unknown_here_keeps_nothing_else_from_being_taken() -> None:
    """A newer version may have written it."""
    take([received(findings=[ON_ARRIVAL]), delivery(1), followed(200, ClickAction.ALLOW)])
    LinkFinding.objects.update(threat="of-a-newer-version")
    ((message, number),) = LinkFinding.objects.values_list("message_id", "number")
    assert look_again({(message, number): microseconds(after(0))}, LATER) == 0


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    ("scope", "told"), [("", []), ("our.example", ["other.example"]), (BERT.hex(), ["our.example"])]
)
def test_what_an_own_list_blocked_before_a_list_named_it_is_no_news_for_those_whose_list_it_is(
    scope: str, told: list[str]
) -> None:
    take([received(recipients=OF_TWO_DOMAINS)])
    block("evil.example/", scope)
    assert [found.links for found in looked_for_decisions()] == [1]
    Alert.objects.all().delete()
    assert [found.links for found in looked(listing(source="openphish"))] == [1]
    assert sorted(Alert.objects.values_list("domain", flat=True)) == told


def test_what_is_blocked_for_one_domain_is_news_for_another_when_it_is_blocked_for_all() -> None:
    carl = followed(200, ClickAction.ALLOW, index=1)
    take([received(recipients=OF_TWO_DOMAINS), delivery(1), delivery(1, index=1), carl])
    block("evil.example/", "our.example")
    assert looked_for_decisions() == [Found(1, 1)]
    block("evil.example/", "")
    assert looked_for_decisions() == [Found(1, 1)]
    assert looked_for_decisions(again=True) == [Found(0, 0), Found(0, 0)]
    rows = Alert.objects.order_by("pk").values_list("domain", "rule", "source", "count")
    assert list(rows) == [
        ("our.example", "received_before_listed", "own list", 1),
        ("other.example", "clicked_before_listed", "own list", 1),
    ]
    told = AlertPerson.objects.order_by("alert_id", "act").values_list("address", "act")
    assert list(told) == [
        ("anna@our.example", "received"),
        ("carl@other.example", "allowed"),
        ("carl@other.example", "received"),
    ]
    sources = LinkFinding.objects.order_by("pk").values_list("source", flat=True)
    assert list(sources) == ["own list of our.example", "own list for all"]


def test_an_address_without_a_domain_is_of_the_domain_by_whose_policy_its_mail_went() -> None:
    domain = SenderDomain.objects.create(name="our.example")
    mail = received(recipients=[QueuedRecipient(0, "postmaster", ANNA)])
    take([msgspec.structs.replace(mail, domain_id=domain.pk)])
    block("login.evil.example/", "our.example")
    looked_for_decisions()
    assert [(alert.domain, people(alert)) for alert in Alert.objects.all()] == [
        ("our.example", [("postmaster", "received")])
    ]


@SQLITE_IS_ENOUGH
def test_a_mailbox_that_blocks_leaves_the_other_mailboxes_of_its_domain_their_news() -> None:
    take([received()])
    block("login.evil.example/", BERT.hex())
    assert looked_for_decisions() == [Found(1, 1)]
    block("evil.example/", ANNA.hex())
    assert looked_for_decisions() == [Found(1, 0)]
    assert Alert.objects.get().count == 2
    block("evil.example/", "our.example")
    assert looked_for_decisions() == [Found(1, 0)], "both know"
    assert looked_for_decisions(again=True) == [Found(0, 0)] * 3
    assert Alert.objects.get().count == 2
    assert people(Alert.objects.get()) == [("anna@our.example", "received"), ("bert@our.example", "received")]
    sources = set(LinkFinding.objects.values_list("source", flat=True))
    assert sources == {"own list of recipient 1", "own list of recipient 2", "own list of our.example"}


@SQLITE_IS_ENOUGH
def test_what_an_own_list_said_on_arrival_is_news_for_those_whose_list_it_was_not() -> None:
    on_arrival = QueuedFinding(0, ThreatType.FORBIDDEN, "own_list", "own list", "evil.example/")
    block("evil.example/", "our.example")
    OwnListEntry.objects.update(since=after(-100))
    looked_for_decisions()
    take([received(recipients=OF_TWO_DOMAINS, findings=[on_arrival])])
    block("evil.example/", "")
    assert looked_for_decisions() == [Found(1, 1)]
    assert people(Alert.objects.get()) == [("carl@other.example", "received")]


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    ("blocked_in", "allowed_in", "told"),
    [
        ("", "our.example", {"carl@other.example"}),
        ("", ANNA.hex(), {"carl@other.example"}),
        ("our.example", ANNA.hex(), set()),
        ("our.example", "", {"anna@our.example"}),
        (ANNA.hex(), "our.example", {"anna@our.example"}),
        ("", "", {"anna@our.example", "carl@other.example"}),
    ],
)
def test_what_is_blocked_is_no_news_where_a_narrower_list_allows_it_and_so_the_link_leads_on(
    blocked_in: str, allowed_in: str, told: set[str]
) -> None:
    """As at the click: the narrowest list that names it decides."""
    digest = full_hash("login.evil.example/")[:8]
    OwnListEntry.objects.create(
        kind="allowed", scope=allowed_in, expression="login.evil.example/", digest=digest
    )
    take([received(recipients=OF_TWO_DOMAINS)])
    block("evil.example/", blocked_in)
    looked_for_decisions()
    assert set(AlertPerson.objects.values_list("address", flat=True)) == told
    assert LinkFinding.objects.count() == bool(told)


def test_what_a_domain_allows_no_longer_is_news_to_it_although_others_were_told_of_it() -> None:
    """A finding that stands with a link is about the mail's other recipients: to this one it was allowed."""
    carl = followed(200, ClickAction.ALLOW, index=1)
    digest = full_hash("evil.example/")[:8]
    allowed = OwnListEntry.objects.create(
        kind="allowed", scope="other.example", expression="evil.example/", digest=digest
    )
    take([received(recipients=OF_TWO_DOMAINS), delivery(1), delivery(1, index=1), carl])
    assert looked(listing()) == [Found(1, 1)]
    assert people(Alert.objects.get()) == [("anna@our.example", "received")]
    take_off(allowed)
    (row,) = decisions.lifted()
    assert (row.scope, row.expression) == ("other.example", "evil.example/")
    lifted_now = msgspec.structs.replace(listing(), lifted_in="other.example")
    assert looked(lifted_now) == [Found(0, 1)]
    assert people(Alert.objects.latest("pk")) == [
        ("carl@other.example", "allowed"),
        ("carl@other.example", "received"),
    ]
    assert looked(lifted_now) == [Found(0, 0)]
    assert sorted(Alert.objects.values_list("domain", "count")) == [("other.example", 1), ("our.example", 1)]


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    ("allowed_at", "told"), [(60, []), (-60, ["other.example"]), (None, ["other.example"])]
)
def test_what_was_known_when_the_mail_came_is_no_news_where_the_allowance_came_after_it(
    allowed_at: float | None, told: list[str]
) -> None:
    take(
        [
            received(
                recipients=OF_TWO_DOMAINS,
                findings=[msgspec.structs.replace(ON_ARRIVAL, reason="listed_host")],
            )
        ]
    )
    lifted_now = msgspec.structs.replace(
        listing(),
        lifted_in="other.example",
        allowed_since_us=0 if allowed_at is None else microseconds(after(allowed_at)),
    )
    assert looked(lifted_now) == [Found(0, len(told))]
    assert list(Alert.objects.values_list("domain", flat=True)) == told


@SQLITE_IS_ENOUGH
def test_who_was_led_on_while_a_link_was_allowed_is_told_although_it_was_known_when_the_mail_came() -> None:
    finding = msgspec.structs.replace(ON_ARRIVAL, reason="listed_host")
    take([received(recipients=OF_TWO_DOMAINS, findings=[finding]), delivery(1, index=1)])
    take([followed(200, ClickAction.ALLOW, index=1)], "edge")
    lifted_now = msgspec.structs.replace(
        listing(), lifted_in="other.example", allowed_since_us=microseconds(after(60))
    )
    assert looked(lifted_now) == [Found(0, 1)]
    assert people(Alert.objects.get()) == [("carl@other.example", "allowed")]
    assert looked(lifted_now) == [Found(0, 0)]


@SQLITE_IS_ENOUGH
def test_an_allowance_that_is_lifted_says_since_when_it_was_one() -> None:
    digest = full_hash("evil.example/")[:8]
    entry = OwnListEntry.objects.create(
        kind="allowed", scope="our.example", expression="evil.example/", digest=digest
    )
    take_off(entry)
    assert LiftedAllowance.objects.get().allowed_at == entry.since


@SQLITE_IS_ENOUGH
def test_what_was_told_of_another_link_of_the_same_mail_hides_no_news_of_this_one() -> None:
    digest = full_hash("evil.example/")[:8]
    allowed = OwnListEntry.objects.create(
        kind="allowed", scope="other.example", expression="evil.example/", digest=digest
    )
    take([received(EVIL, "https://worse.example/", recipients=OF_TWO_DOMAINS)])
    assert looked(listing("worse.example/")) == [Found(1, 2)]
    assert looked(listing()) == [Found(1, 1)]
    take_off(allowed)
    lifted_now = msgspec.structs.replace(listing(), lifted_in="other.example")
    assert looked(lifted_now) == [Found(0, 1)]
    alert = Alert.objects.latest("pk")
    assert (alert.host, people(alert)) == ("login.evil.example", [("carl@other.example", "received")])
    assert looked(lifted_now) == [Found(0, 0)]


@SQLITE_IS_ENOUGH
def test_what_is_switched_off_is_news_whatever_lists_allow() -> None:
    digest = full_hash("evil.example/")[:8]
    OwnListEntry.objects.create(
        kind="allowed", scope="our.example", expression="evil.example/", digest=digest
    )
    take([received()])
    ExpressionKill.objects.create(expression="login.evil.example/", killed_at=LATER)
    assert looked_for_decisions() == [Found(1, 1)]


@SQLITE_IS_ENOUGH
def test_names_of_domains_that_are_too_long_for_a_finding_do_not_hide_each_other() -> None:
    first, second = ("a" * 60 + f".{name}.example" for name in ("one", "two"))
    recipients = [QueuedRecipient(0, f"anna@{first}", ANNA), QueuedRecipient(1, f"carl@{second}", BERT)]
    take([received(recipients=recipients)])
    block("evil.example/", first)
    block("evil.example/", second)
    assert looked_for_decisions() == [Found(1, 1), Found(1, 1)]
    assert sorted(Alert.objects.values_list("domain", flat=True)) == [first, second]


@SQLITE_IS_ENOUGH
def test_a_click_of_before_that_is_ingested_after_the_first_look_is_told_by_the_second() -> None:
    channels.add("ops", ChannelKind.WEBHOOK, "https://hooks.example/", "me")
    take([received(), delivery(1), delivery(1, index=1)])
    assert looked(listing()) == [Found(1, 1)]
    take([followed(200, ClickAction.ALLOW, index=1)], "late")
    Outgoing.objects.update(state=Outgoing.State.DELIVERED)
    assert looked(listing()) == [Found(0, 0)]
    alert = Alert.objects.get()
    assert (alert.rule, alert.count) == ("clicked_before_listed", 2)
    assert ("bert@our.example", "allowed") in people(alert)
    assert [row.kind for row in Outgoing.objects.order_by("pk")] == ["alert", "update"]
    assert looked(listing()) == [Found(0, 0)]
    assert Alert.objects.get().count == 2


def taken_for_a_machine_and_then_for_a_person(
    *,
    found: Sequence[Listing],
    index: int = 1,
    mail: Queued | None = None,
    seconds: float = 200,
    until: float = 300,
) -> None:
    """Take a click that came before the next hop is known to have had the mail, look back, and take the rest.

    That the next hop had it before is known later than the click, and than what a list says.
    """
    mail = received() if mail is None else mail
    take([mail, delivery(1, index=1 - index), delivery(until, index=index)], "gateway")
    take([followed(seconds, ClickAction.ALLOW, index=index)], "edge")
    assert set(Event.objects.filter(link_number=0).values_list("actor", flat=True)) <= MACHINES
    looked(*found)
    Outgoing.objects.update(state=Outgoing.State.DELIVERED)
    take([delivery(1, index=index)], "late")
    assert set(Event.objects.filter(link_number=0).values_list("actor", flat=True)) == {"human"}


def test_a_click_of_before_that_was_taken_for_a_machines_alerts_when_it_turns_out_to_be_a_persons() -> None:
    channels.add("ops", ChannelKind.WEBHOOK, "https://hooks.example/", "me")
    taken_for_a_machine_and_then_for_a_person(found=[listing()])
    alert = Alert.objects.get()
    assert (alert.rule, alert.count) == ("clicked_before_listed", 2)
    assert ("bert@our.example", "allowed") in people(alert)
    assert [row.kind for row in Outgoing.objects.order_by("pk")] == ["alert", "update"]
    take([delivery(1, index=1), delivery(2, index=1)], "later")
    assert alert.count == Alert.objects.get().count


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    ("scope", "index", "rule"),
    [
        ("other.example", 1, "clicked_before_listed"),
        ("our.example", 0, "clicked_before_listed"),
        (BERT.hex(), 1, "clicked_before_listed"),
        ("our.example", 1, "received_before_listed"),
    ],
)
def test_what_an_own_list_blocks_is_then_told_to_those_whose_list_it_is(
    scope: str, index: int, rule: str
) -> None:
    block("evil.example/", scope)
    mail = received(recipients=OF_TWO_DOMAINS)
    ((each, _),) = decided()
    taken_for_a_machine_and_then_for_a_person(found=[each], index=index, mail=mail)
    assert list(Alert.objects.values_list("rule", flat=True)) == [rule]


def test_of_long_own_lists_only_what_names_a_url_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        block(f"h{number}.example/", "")
    block("h3.example/", "our.example")
    block("example.net/a", "")
    made = list[str]()

    def note(instance: OwnListEntry, **_: object) -> None:
        made.append(instance.expression)

    monkeypatch.setattr(decisions, "_AT_ONCE", 3)
    post_init.connect(note, sender=OwnListEntry)
    found = decisions.blocked_among(
        ["https://www.h3.example/x", "https://h12.example/", "http://example.net/a?b"]
    )
    post_init.disconnect(note, sender=OwnListEntry)
    expected = [
        ("h3.example/", ""),
        ("h3.example/", "our.example"),
        ("h12.example/", ""),
        ("example.net/a", ""),
    ]
    assert {(each.digest, each.scope) for each in found} == {(digest_of(each), of) for each, of in expected}
    assert sorted(made) == sorted(each for each, _ in expected)


@SQLITE_IS_ENOUGH
def test_what_is_switched_off_is_then_told_too() -> None:
    ExpressionKill.objects.create(expression="evil.example/", killed_at=LATER)
    ((each, _),) = decided()
    taken_for_a_machine_and_then_for_a_person(found=[each])
    assert Alert.objects.get().rule == "clicked_before_listed"


@SQLITE_IS_ENOUGH
def test_a_click_after_a_link_was_listed_was_allowed_knowingly_and_is_no_news() -> None:
    taken_for_a_machine_and_then_for_a_person(found=[listing()], seconds=3700, until=3800)
    assert Alert.objects.get().rule == "received_before_listed"


@SQLITE_IS_ENOUGH
def test_who_was_led_on_while_a_list_named_it_no_longer_is_told_when_it_names_it_again() -> None:
    take([received(), delivery(1), followed(200, ClickAction.ALLOW)])
    looked(listing())
    assert Alert.objects.get().count == 1
    days = 3 * 86_400
    take([delivery(1, index=1), followed(days, ClickAction.ALLOW, index=1)], "later")
    (each,) = matched([listing()])
    assert look_back(each, messages_under(each.digest), after(days + 60)) == Found(0, 1)
    assert people(Alert.objects.latest("pk")) == [("bert@our.example", "allowed")]


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize("reason", ["listed_prefix", "own_list", "looks_like_known"])
def test_what_was_no_knowledge_or_not_for_everybody_leaves_a_list_its_news(reason: str) -> None:
    take([received(findings=[msgspec.structs.replace(ON_ARRIVAL, reason=reason)])])
    assert looked(listing(source="openphish")) == [Found(1, 1)]


def test_the_url_inside_another_vendors_wrapper_is_found() -> None:
    take([received(WRAPPED, GOOD)])
    assert looked(listing("evil.example/")) == [Found(1, 1)]


def test_one_message_of_the_story_that_was_clicked_makes_the_alert_worse_and_is_told() -> None:
    channels.add("ops", ChannelKind.WEBHOOK, "https://hooks.example/", "me")
    take(
        [received(), received(message=2), delivery(1, message=2), followed(200, ClickAction.ALLOW, message=2)]
    )
    each = listing()
    look_back(each, [MESSAGE - (1 << 64)], LATER)
    assert Alert.objects.get().rule == "received_before_listed"
    Outgoing.objects.update(state=Outgoing.State.DELIVERED)
    look_back(each, [2], LATER)
    alert = Alert.objects.get()
    assert (alert.rule, alert.count) == ("clicked_before_listed", 2)
    assert [row.kind for row in Outgoing.objects.order_by("pk")] == ["alert", "update"]


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ("", {"anna@our.example", "carl@other.example"}),
        ("our.example", {"anna@our.example"}),
        (BERT.hex(), {"carl@other.example"}),
        ("nobody.example", set()),
    ],
)
def test_an_own_list_is_looked_back_for_in_its_scope(scope: str, found: set[str]) -> None:
    recipients = [
        QueuedRecipient(0, "anna@our.example", ANNA),
        QueuedRecipient(1, "carl@other.example", BERT),
    ]
    take([received(recipients=recipients)])
    looked(listing(scope=scope))
    assert set(AlertPerson.objects.values_list("address", flat=True)) == found


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    ("scope", "expression", "told"),
    [
        ("", "login.evil.example/in", set()),
        ("our.example", "evil.example/", {"carl@other.example"}),
        (ANNA.hex(), "login.evil.example/", {"carl@other.example"}),
        ("", "good.example/", {"anna@our.example", "carl@other.example"}),
    ],
)
def test_what_an_own_list_allows_is_no_news_for_those_whose_list_it_is(
    scope: str, expression: str, told: set[str]
) -> None:
    digest = full_hash(expression)[:8]
    OwnListEntry.objects.create(kind="allowed", scope=scope, expression=expression, digest=digest)
    recipients = [
        QueuedRecipient(0, "anna@our.example", ANNA),
        QueuedRecipient(1, "carl@other.example", BERT),
    ]
    take([received(recipients=recipients)])
    assert looked(listing()) == [Found(int(bool(told)), len(told))]
    assert set(AlertPerson.objects.values_list("address", flat=True)) == told


@SQLITE_IS_ENOUGH
def test_what_all_who_received_it_allow_is_not_noted_with_the_link() -> None:
    digest = full_hash("evil.example/")[:8]
    OwnListEntry.objects.create(
        kind="allowed", scope="our.example", expression="evil.example/", digest=digest
    )
    take([received()])
    assert looked(listing()) == [Found(0, 0)]
    assert not LinkFinding.objects.exists()


@SQLITE_IS_ENOUGH
def test_an_allowed_wrapper_clears_nothing_that_is_inside_it() -> None:
    expression = "eur01.safelinks.protection.outlook.com/"
    digest = full_hash(expression)[:8]
    OwnListEntry.objects.create(kind="allowed", expression=expression, digest=digest)
    take([received(WRAPPED)])
    assert looked(listing("evil.example/")) == [Found(1, 1)]


def test_what_administrators_decide_waits_until_it_was_looked_back_for() -> None:
    take([received()])
    digest = full_hash("login.evil.example/")[:8]
    ExpressionKill.objects.create(expression="login.evil.example/", digest=digest)
    OwnListEntry.objects.create(
        kind="blocked", expression="good.example/", digest=full_hash("good.example/")[:8]
    )
    OwnListEntry.objects.create(
        kind="allowed", expression="fine.example/", digest=full_hash("fine.example/")[:8]
    )
    waiting = decided()
    assert [(each.reason, row.expression) for each, row in waiting] == [
        (ThreatReason.SWITCHED_OFF, "login.evil.example/"),
        (ThreatReason.OWN_LIST, "good.example/"),
    ]
    assert looked(*(each for each, _ in waiting)) == [Found(1, 1), Found(1, 1)]
    for _, row in waiting:
        decisions.note_done(row, LATER)
    assert decided() == []


def test_links_below_new_prefixes_are_found_by_range() -> None:
    take([received()])
    wanted = full_hash("login.evil.example/")
    assert below([wanted[:4]]) == [stored_digest(wanted)]
    assert below([wanted[:8]]) == [stored_digest(wanted)]
    assert below([bytes(4)]) == []


@SQLITE_IS_ENOUGH
@given(
    st.sampled_from(["http", "https"]),
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){1,6}", fullmatch=True),
    st.from_regex(r"(/[a-z0-9._-]{0,6}){1,8}(\?[a-z0-9=&]{0,9})?", fullmatch=True),
)
@settings(max_examples=60, deadline=None)
def test_every_expression_of_a_url_finds_it(scheme: str, host: str, path: str) -> None:
    url = f"{scheme}://{host}{path}"
    assert {digest_of(each) for each in expressions(url)} <= expressions_of(url).keys()
