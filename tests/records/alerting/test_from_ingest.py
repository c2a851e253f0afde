"""Of what ingest learns, what is known to be bad and a person's doing is an alert."""

import msgspec
import pytest

from backstamp.records.alerting.from_ingest.batch import occurrences
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events.judgements import Judgement
from backstamp.records.ingest.batches import ingest
from backstamp.records.memory.today import Memory
from backstamp.records.models import Alert, Outgoing, SenderDomain
from backstamp.vocabulary import (
    Actor,
    AlertRule,
    ClickAction,
    JournalRecord,
    QueuedFinding,
    QueuedRecipient,
    ReaderReportKind,
    ThreatType,
)
from tests.records.journal_records import ANNA, MESSAGE, after, batch, delivery, queued
from tests.records.raised_alerts import SQLITE_IS_ENOUGH, people, raised, switch, take
from tests.records.received import EVIL, HEADERS_OF_A_SCRIPT, ON_ARRIVAL, followed, reader_report, received


@pytest.mark.parametrize(
    ("action", "rule"),
    [
        (ClickAction.BLOCK, "known_bad_click"),
        (ClickAction.WARN, "known_bad_click"),
        (ClickAction.GO_ON, "clicked_through"),
    ],
)
def test_a_person_at_a_page_of_ours_is_an_alert_with_who_and_why(action: ClickAction, rule: str) -> None:
    take([received(), delivery(1), followed(30, action)])
    (alert,) = Alert.objects.all()
    assert (alert.rule, alert.domain, alert.host, alert.count) == (
        rule,
        "our.example",
        "login.evil.example",
        1,
    )
    assert (alert.url, alert.threat, alert.reason, alert.source) == (
        EVIL,
        "phishing",
        "listed_host",
        "urlhaus",
    )
    assert alert.opened_at == after(30)
    act = {"block": "blocked", "warn": "warned", "go_on": "clicked_through"}[action]
    assert people(alert) == [("anna@our.example", act)]
    (waiting,) = Outgoing.objects.all()
    assert (waiting.alerts, waiting.kind, waiting.state) == ([alert.pk], "alert", "waiting")


@pytest.mark.parametrize("together", [True, False])
def test_who_gave_a_reason_and_went_on_is_an_alert_with_the_reason_and_what_was_passed_over(
    together: bool,
) -> None:
    reason = reader_report(30, ReaderReportKind.OVERRIDE, text="I know them")
    before: list[JournalRecord] = [received(), delivery(1), reason]
    went_on = followed(30.2, ClickAction.GO_ON)
    if together:
        take([*before, went_on])
    else:
        take(before, producer="first")
        take([went_on], producer="then")
    (alert,) = Alert.objects.all()
    assert (alert.rule, alert.text, alert.count) == ("clicked_through", "I know them", 1)
    assert (alert.threat, alert.reason, alert.source) == ("phishing", "listed_host", "urlhaus")


def test_a_click_in_mail_for_an_address_without_a_domain_is_of_the_domain_by_whose_policy_it_went() -> None:
    domain = SenderDomain.objects.create(name="our.example")
    switch(AlertRule.KNOWN_BAD_CLICK, domains=("our.example",))
    mail = msgspec.structs.replace(
        received(recipients=[QueuedRecipient(0, "postmaster", ANNA)]), domain_id=domain.pk
    )
    take([mail, delivery(1), followed(30)])
    assert raised() == [("known_bad_click", "our.example", "login.evil.example", 1)]


def test_bad_mail_for_an_address_without_a_domain_is_of_the_domain_by_whose_policy_it_went() -> None:
    domain = SenderDomain.objects.create(name="our.example")
    for rule in (AlertRule.KNOWN_BAD_ARRIVED, AlertRule.UNPROTECTED_MAIL):
        switch(rule, enabled=True, domains=("our.example",))
    mail = received(recipients=[QueuedRecipient(0, "postmaster", ANNA)], findings=[ON_ARRIVAL])
    take([msgspec.structs.replace(mail, domain_id=domain.pk, unprotected=("too_big",))])
    assert sorted(raised()) == [
        ("known_bad_arrived", "our.example", "login.evil.example", 1),
        ("unprotected_mail", "our.example", "", 1),
    ]


def test_a_click_that_comes_before_its_message_alerts_once_the_message_is_there() -> None:
    take([followed(30)], producer="edge")
    assert raised() == []
    take([received(), delivery(1)], producer="gateway")
    assert raised() == [("known_bad_click", "our.example", "login.evil.example", 1)]
    (alert,) = Alert.objects.all()
    assert (alert.threat, alert.source, people(alert)) == (
        *("phishing", "urlhaus"),
        [("anna@our.example", "blocked")],
    )


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    "hit",
    [
        followed(30, ClickAction.ALLOW),
        followed(30, ClickAction.CHECK, reason="listed_prefix"),
        followed(30, ClickAction.WARN, reason="looks_like_known", threat=ThreatType.SUSPICIOUS),
        followed(30, headers=HEADERS_OF_A_SCRIPT),
        msgspec.structs.replace(followed(30), method="HEAD"),
    ],
    ids=["allowed", "only a prefix", "only looks", "a machine", "HEAD"],
)
def test_what_is_not_known_to_be_bad_or_not_a_person_alerts_nobody(hit: JournalRecord) -> None:
    take([received(), delivery(1), hit])
    assert raised() == []


def test_a_machine_that_turns_out_to_be_a_person_alerts_then_and_only_then() -> None:
    memory = Memory()
    script = followed(30, headers=HEADERS_OF_A_SCRIPT)
    ingest(batch("p", [received(), delivery(1), script]), after(60), memory)
    assert raised() == []
    (hit,) = memory.group((to_database(MESSAGE), 0)).hits
    person = Judgement(Actor.HUMAN, counts=True, score=0.0, certainty="", reasons="[]")

    def revise(before: Judgement, judged: Judgement) -> int:
        hit.judgement = before
        return len(
            occurrences(queued=(), reports=(), new=(), revised=[(hit, judged)], memory=memory, now=after(70))
        )

    assert hit.judgement is not None
    machine = hit.judgement
    assert revise(machine, person) == 1
    assert revise(person, person) == 0
    assert revise(person, machine) == 0


def test_a_link_of_sent_mail_that_a_list_names_alerts_the_senders_domain_and_a_kill_does_not() -> None:
    take([queued(), delivery(1), followed(30, link=1), followed(40, link=2, reason="switched_off")])
    assert raised() == [("known_bad_click", "", "example.net", 1)]


def test_reports_of_readers_are_alerts_with_their_words() -> None:
    take(
        [
            received(),
            delivery(1),
            reader_report(20, ReaderReportKind.MISTAKE, text="it is our shop"),
            reader_report(25, ReaderReportKind.PHISHING, index=1),
        ]
    )
    assert [(rule, domain) for rule, domain, _, _ in raised()] == [
        ("reported_mistake", "our.example"),
        ("reported_phishing", "our.example"),
    ]
    mistake = Alert.objects.get(rule="reported_mistake")
    assert (mistake.text, people(mistake)) == ("it is our shop", [("anna@our.example", "reported")])


def test_going_on_from_a_block_page_is_one_alert_with_the_readers_reason() -> None:
    take(
        [
            received(),
            delivery(1),
            followed(30, ClickAction.GO_ON),
            reader_report(30, ReaderReportKind.OVERRIDE, text="I know them"),
        ]
    )
    assert raised() == [("clicked_through", "our.example", "login.evil.example", 1)]
    assert Alert.objects.get().text == "I know them"


def test_mail_with_a_listed_link_is_an_alert_only_where_that_is_switched_on() -> None:
    looks = QueuedFinding(1, ThreatType.SUSPICIOUS, "looks_like_known", "heuristics")
    take([received(findings=[ON_ARRIVAL, looks])])
    assert raised() == []
    switch(AlertRule.KNOWN_BAD_ARRIVED, enabled=True)
    take([received(message=2, findings=[ON_ARRIVAL, looks])], producer="q")
    assert raised() == [("known_bad_arrived", "our.example", "login.evil.example", 1)]
    assert people(Alert.objects.get()) == [("anna@our.example", "received"), ("bert@our.example", "received")]


@pytest.mark.parametrize("kind", ["form", "bare_address", "calendar_link", "other_scheme"])
def test_mail_that_could_not_be_guarded_is_one_alert_for_a_domain(kind: str) -> None:
    sealed = msgspec.structs.replace(received(), unprotected=(kind, "signed"))
    more = msgspec.structs.replace(received(message=2), unprotected=("too_big",))
    take([sealed, more])
    assert raised() == [("unprotected_mail", "our.example", "", 2)]
    alert = Alert.objects.get()
    assert (alert.reason, alert.message_id is not None) == ("signed", True)
    assert ("anna@our.example", "received") in people(alert)


@pytest.mark.parametrize(
    ("mode", "reasons"), [("observe", ("signed",)), ("protect", ("form", "bare_address")), ("protect", ())]
)
def test_what_a_single_link_is_by_its_kind_alerts_nobody(mode: str, reasons: tuple[str, ...]) -> None:
    take([msgspec.structs.replace(received(), protection=mode, unprotected=reasons)])
    assert raised() == []


@SQLITE_IS_ENOUGH
def test_a_copy_that_names_nobody_says_only_that_somebody_clicked() -> None:
    take([received(), delivery(1), followed(30, index=None)])
    assert people(Alert.objects.get()) == [("", "blocked")]
