"""What administrators are alerted to: once for each story, by the rules as set, and never in a storm."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from backstamp.records.administration.refusals import RefusedError
from backstamp.records.alerting import alerts, allowances, new_hosts
from backstamp.records.alerting.allowances import tell_allowed
from backstamp.records.alerting.corrections import MOST_UPDATES
from backstamp.records.alerting.from_ingest import occurrences
from backstamp.records.alerting.occurrences import domain_of
from backstamp.records.alerting.raising import SAME_STORY, tell_grown
from backstamp.records.alerting.rules import DEFAULTS, Rule, reset_rule, rules, save_rule
from backstamp.records.alerting.since_judged import only_machines
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.events.dictionaries import Judgement
from backstamp.records.ingest.batches import ingest
from backstamp.records.memory.today import Memory
from backstamp.records.models import (
    Alert,
    AlertPerson,
    Channel,
    ClickedHost,
    ClickedHostPerson,
    ExpressionKill,
    Message,
    Outgoing,
    OwnListEntry,
    ReaderReportRow,
    SenderDomain,
)
from backstamp.records.outbox import channels
from backstamp.records.outbox import entries as outbox
from backstamp.records.outbox.gravity import place_of
from backstamp.records.privacy.retention import delete_before
from backstamp.records.protection.own_lists import take_off
from backstamp.records.wording.notices import Allowance, notice_of
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import (
    Actor,
    AlertRule,
    ChannelKind,
    ClickAction,
    JournalRecord,
    QueuedFinding,
    QueuedRecipient,
    ReaderReportKind,
    ThreatType,
)
from tests.records.journal_records import ANNA, BERT, MESSAGE, START, after, batch, delivery, queued
from tests.records.received import (
    EVIL,
    HEADERS_OF_A_SCRIPT,
    ON_ARRIVAL,
    followed,
    reader_report,
    received,
)

LINKS = (EVIL, *(f"https://good-{number}.example/" for number in range(1, 6)))
WEBHOOK = "https://hooks.example/x"
SQLITE_IS_ENOUGH = pytest.mark.parametrize("vendor", ["sqlite"])


@pytest.fixture(autouse=True)
def channel() -> Channel:
    return channels.add("ops", ChannelKind.WEBHOOK, WEBHOOK, "me")


def take(records: Iterable[JournalRecord], seconds: float = 60, producer: str = "p") -> None:
    ingest(batch(producer, records), after(seconds))


def raised() -> list[tuple[str, str, str, int]]:
    rows = Alert.objects.order_by("pk").values_list("rule", "domain", "host", "count")
    return [(rule, domain, host, count) for rule, domain, host, count in rows]


def people(alert: Alert) -> list[tuple[str, str]]:
    return sorted(AlertPerson.objects.filter(alert=alert).values_list("address", "act"))


def switch(rule: AlertRule, **changes: object) -> None:
    save_rule(msgspec.structs.replace(DEFAULTS[rule], **changes), "me")


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


class TestCorrections:
    """A scanner's first hit looks like a person's; what comes within the second tells what it was."""

    @staticmethod
    def first(index: int | None = 0) -> None:
        take([received(*LINKS), delivery(1), delivery(1, index=1), followed(30, index=index)], 31, "first")
        assert [rule for rule, *_ in raised()] == ["known_bad_click"]

    @staticmethod
    def burst(producer: str, index: int | None = 0, seconds: float = 30) -> None:
        links = range(1, len(LINKS))
        hits = [followed(seconds + link / 20, None, index=index, link=link) for link in links]
        take(hits, seconds + 5, producer)

    @pytest.mark.parametrize("index", [0, None], ids=["a copy of one's own", "a copy that names nobody"])
    def test_an_alert_that_was_told_is_told_again_when_it_turns_out_to_be_about_machines(
        self, index: int | None
    ) -> None:
        self.first(index)
        first = notice_of(Outgoing.objects.get())
        assert first is not None
        assert (first.alerts[0].machines_only, first.alerts[0].acts[0].judged) == (False, "")
        Outgoing.objects.update(state=Outgoing.State.DELIVERED)
        self.burst("second", index)
        assert [row.kind for row in Outgoing.objects.order_by("pk")] == ["alert", "update"]
        notice = notice_of(Outgoing.objects.get(kind="update"))
        assert notice is not None
        assert (notice.alerts[0].machines_only, notice.alerts[0].acts[0].judged) == (True, "scanner")

    @SQLITE_IS_ENOUGH
    def test_what_still_waits_is_told_once_and_as_it_is_by_then(self) -> None:
        self.first()
        self.burst("second")
        notice = notice_of(Outgoing.objects.get())
        assert notice is not None
        assert notice.alerts[0].machines_only

    @SQLITE_IS_ENOUGH
    def test_while_one_of_them_is_a_person_nothing_is_corrected(self) -> None:
        self.first()
        take([followed(90, index=1)], 91, "person")
        Outgoing.objects.update(state=Outgoing.State.DELIVERED)
        self.burst("second")
        assert Outgoing.objects.count() == 1
        notice = notice_of(Outgoing.objects.get())
        assert notice is not None
        assert [act.judged for act in notice.alerts[0].acts] == ["scanner", ""]
        assert not notice.alerts[0].machines_only

    @SQLITE_IS_ENOUGH
    def test_a_scanner_that_comes_again_and_again_is_no_storm(self) -> None:
        self.first()
        for number in range(2, 8):
            Outgoing.objects.update(state=Outgoing.State.DELIVERED)
            take([followed(30 * number)], 30 * number + 1, f"{number} first")
            self.burst(f"{number} second", seconds=30 * number)
        assert [row.kind for row in Outgoing.objects.order_by("pk")].count("update") <= MOST_UPDATES

    @SQLITE_IS_ENOUGH
    def test_a_rule_that_was_switched_off_since_corrects_nothing(self) -> None:
        self.first()
        Outgoing.objects.update(state=Outgoing.State.DELIVERED)
        switch(AlertRule.KNOWN_BAD_CLICK, enabled=False)
        self.burst("second")
        assert Outgoing.objects.count() == 1

    @SQLITE_IS_ENOUGH
    def test_words_of_a_reader_are_no_machines(self) -> None:
        go_on = followed(30, ClickAction.GO_ON)
        words = reader_report(31, ReaderReportKind.OVERRIDE, text="I know them")
        take([received(*LINKS), delivery(1), go_on, words], 32, "first")
        AlertPerson.objects.filter(act="clicked_through").delete()
        assert only_machines([Alert.objects.get().pk]) == set()


class TestAllowedSince:
    """An administrator allows what was alerted: the list was wrong, say."""

    @staticmethod
    def clicked(*links: str) -> None:
        clicks = [followed(30 + 20 * n, link=n, source=b"one%05d" % n) for n in range(len(links) or 1)]
        take([received(*links), delivery(1), *clicks])
        Outgoing.objects.update(state=Outgoing.State.DELIVERED)

    @staticmethod
    def allow(
        expression: str = "evil.example/", scope: str = "", name: str = "", kind: str = "allowed"
    ) -> OwnListEntry:
        return OwnListEntry.objects.create(
            kind=kind,
            scope=scope,
            scope_name=name,
            expression=expression,
            digest=full_hash(expression)[:8],
            by="ann",
        )

    def test_is_told_once_with_who_and_when_to_those_who_heard_of_the_alert(self) -> None:
        self.clicked()
        entry = self.allow()
        assert tell_allowed([entry], after(100)) == 1
        Outgoing.objects.update(state=Outgoing.State.DELIVERED)
        assert tell_allowed([entry], after(110)) == 0
        assert tell_allowed([self.allow("login.evil.example/")], after(120)) == 0
        assert [row.kind for row in Outgoing.objects.order_by("pk")] == ["alert", "update"]
        notice = notice_of(Outgoing.objects.get(kind="update"))
        assert notice is not None
        allowed = Allowance(entry.since, "ann", "everybody", "evil.example/")
        assert [alert.allowed for alert in notice.alerts] == [allowed]

    @SQLITE_IS_ENOUGH
    def test_is_one_message_of_however_many_alerts(self) -> None:
        self.clicked(*(f"https://h{n}.evil.example/" for n in range(5)), "https://other.example/")
        assert tell_allowed([self.allow()], after(100)) == 5
        update = Outgoing.objects.get(kind="update")
        assert set(update.alerts) == set(
            Alert.objects.exclude(host="other.example").values_list("pk", flat=True)
        )

    @SQLITE_IS_ENOUGH
    def test_is_told_of_old_alerts_too_however_many_there_are_of_others(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        links = ["https://login.evil.example/", *(f"https://h{n}.other.example/" for n in range(3))]
        self.clicked(*links, "https://www.evil.example/")
        monkeypatch.setattr(allowances, "MOST_LOOKED_AT", 2)
        assert tell_allowed([self.allow()], after(100)) == 2

    @SQLITE_IS_ENOUGH
    @pytest.mark.parametrize("room", [0, 1])
    def test_is_bounded_and_goes_into_a_digest_above_the_rate(
        self, room: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.clicked(*(f"https://h{n}.evil.example/" for n in range(5)))
        monkeypatch.setattr(outbox, "MOST_IN_DIGEST", 3)
        monkeypatch.setitem(outbox.MOST_SINGLE, ChannelKind.WEBHOOK, 5 + room)
        tell_allowed([self.allow()], after(100))
        row = Outgoing.objects.latest("pk")
        assert (row.kind, len(row.alerts), row.left_out) == (["digest", "update"][room], 3, 2)

    @SQLITE_IS_ENOUGH
    @pytest.mark.parametrize(
        ("expression", "scope", "name", "told"),
        [
            ("evil.example/", "our.example", "our.example", True),
            ("login.evil.example/in", "", "", True),
            ("evil.example/", ANNA.hex(), "Anna@our.example", True),
            ("evil.example/", "other.example", "other.example", False),
            ("evil.example/", BERT.hex(), "bert@our.example", False),
            ("good.example/", "", "", False),
        ],
    )
    def test_is_told_where_the_list_is_that_of_those_who_are_in_the_alert(
        self, expression: str, scope: str, name: str, *, told: bool
    ) -> None:
        self.clicked()
        assert tell_allowed([self.allow(expression, scope, name)], after(100)) == told
        assert Alert.objects.filter(allowance=None).exists() != told

    @SQLITE_IS_ENOUGH
    def test_a_mailbox_alone_allows_nothing_to_others_who_are_in_the_alert(self) -> None:
        take([received(), delivery(1), delivery(1, index=1), followed(30), followed(40, index=1)])
        assert tell_allowed([self.allow(scope=ANNA.hex(), name="anna@our.example")], after(100)) == 0

    @SQLITE_IS_ENOUGH
    @pytest.mark.parametrize("how", ["kill", "narrower list"])
    def test_what_does_not_lead_on_for_another_reason_is_not_called_allowed(self, how: str) -> None:
        self.clicked()
        if how == "kill":
            digest = full_hash("login.evil.example/")[:8]
            ExpressionKill.objects.create(expression="login.evil.example/", digest=digest)
        else:
            self.allow("login.evil.example/", "our.example", "our.example", kind="blocked")
        assert tell_allowed([self.allow()], after(100)) == 0

    @SQLITE_IS_ENOUGH
    def test_an_allowed_wrapper_says_nothing_of_what_is_inside_it(self) -> None:
        inner = "https%3A%2F%2Flogin.evil.example%2Fin"
        self.clicked(f"https://eur01.safelinks.protection.outlook.com/?url={inner}&data=05")
        assert tell_allowed([self.allow("eur01.safelinks.protection.outlook.com/")], after(100)) == 0
        assert tell_allowed([self.allow()], after(100)) == 1

    @SQLITE_IS_ENOUGH
    def test_what_still_waits_is_told_once_and_as_it_is_by_then(self) -> None:
        take([received(), delivery(1), followed(30)])
        tell_allowed([self.allow()], after(100))
        notice = notice_of(Outgoing.objects.get())
        assert notice is not None
        assert notice.alerts[0].allowed is not None

    @SQLITE_IS_ENOUGH
    def test_what_is_taken_off_the_list_is_not_called_allowed_any_more_and_may_be_told_anew(self) -> None:
        self.clicked()
        entry = self.allow()
        tell_allowed([entry], after(100))
        take_off(entry)
        notice = notice_of(Outgoing.objects.get(kind="update"))
        assert notice is not None
        assert notice.alerts[0].allowed is None
        Outgoing.objects.update(state=Outgoing.State.DELIVERED)
        assert tell_allowed([entry], after(200)) == 0
        assert tell_allowed([self.allow()], after(200)) == 1

    @SQLITE_IS_ENOUGH
    def test_a_rule_that_was_switched_off_since_tells_nothing(self) -> None:
        self.clicked()
        switch(AlertRule.KNOWN_BAD_CLICK, enabled=False)
        tell_allowed([self.allow()], after(100))
        assert Outgoing.objects.count() == 1


def test_a_link_of_sent_mail_that_a_list_names_alerts_the_senders_domain_and_a_kill_does_not() -> None:
    take([queued(), delivery(1), followed(30, link=1), followed(40, link=2, reason="switched_off")])
    assert raised() == [("known_bad_click", "", "example.net", 1)]


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


def test_what_was_sent_by_a_fast_clock_does_not_count_for_the_rate(channel: Channel) -> None:
    with transaction.atomic():
        outbox.enqueue(channel, range(1, 101), Outgoing.Kind.ALERT, after(0) + timedelta(days=365))
        outbox.enqueue(channel, [101], Outgoing.Kind.ALERT, after(0))
    assert list(Outgoing.objects.filter(kind="digest")) == []


@pytest.mark.parametrize(
    "domain", ["<script>", "*", "-1", "no domain", "ann@our.example", "our.example/x", ""]
)
def test_a_rule_that_is_kept_to_no_domain_is_refused_for_it_would_never_alert(domain: str) -> None:
    with pytest.raises(RefusedError):
        switch(AlertRule.KNOWN_BAD_CLICK, domains=("our.example", domain))


def test_a_rule_is_kept_to_a_domain_in_whatever_script() -> None:
    switch(AlertRule.KNOWN_BAD_CLICK, domains=("BÜCHER.example",))
    assert rules()[AlertRule.KNOWN_BAD_CLICK].domains == ("xn--bcher-kva.example",)
    assert domain_of("ann@bücher.example") == "xn--bcher-kva.example"


def test_rules_are_obeyed_off_and_by_domain_and_channel() -> None:
    channels.add("team", ChannelKind.SLACK, "https://hooks.slack.example/T/B", "me")
    switch(AlertRule.CLICKED_THROUGH, enabled=False)
    switch(AlertRule.KNOWN_BAD_CLICK, domains=("Other.example",), channels=("team",))
    both = [
        QueuedRecipient(0, "anna@our.example", b"anna-key"),
        QueuedRecipient(1, "carl@other.example", b"carl-key"),
    ]
    take(
        [
            received(recipients=both),
            delivery(1),
            followed(30),
            followed(31, index=1),
            followed(32, ClickAction.GO_ON),
        ]
    )
    assert raised() == [("known_bad_click", "other.example", "login.evil.example", 1)]
    assert [row.channel.name for row in Outgoing.objects.all()] == ["team"]
    reset_rule(AlertRule.KNOWN_BAD_CLICK)
    assert rules() == DEFAULTS | {
        AlertRule.CLICKED_THROUGH: Rule(rule=AlertRule.CLICKED_THROUGH, enabled=False)
    }


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    ("rule", "changes", "why"),
    [
        (AlertRule.NEW_HOST, {"threshold": 1}, "two people at least"),
        (AlertRule.NEW_HOST, {"within_minutes": 1441}, "1 to 1440 minutes"),
        (AlertRule.KNOWN_BAD_CLICK, {"threshold": 3}, "counts nobody"),
        (AlertRule.KNOWN_BAD_CLICK, {"channels": ("nowhere",)}, "no channel 'nowhere'"),
        (AlertRule.KNOWN_BAD_CLICK, {"domains": ("",)}, "give a domain"),
    ],
)
def test_what_cannot_be_set_is_refused_in_one_line(
    rule: AlertRule, changes: dict[str, object], why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        switch(rule, **changes)
    assert rules()[rule] == DEFAULTS[rule]


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


class TestNewHosts:
    @pytest.fixture(autouse=True)
    def three_within_ten_minutes(self) -> None:
        switch(AlertRule.NEW_HOST, threshold=3, within_minutes=10)
        long_ago = START - new_hosts.LEARNING
        ClickedHost.objects.create(host="usual.example", first_at=long_ago, last_at=START)

    def visits(self, *seconds: float, url: str = "https://a.fresh.example/1") -> None:
        recipients = [QueuedRecipient(n, f"p{n}@our.example", b"person%02d" % n) for n in range(len(seconds))]
        take(
            [
                received(url, recipients=recipients),
                *(delivery(1, index=n) for n in range(len(seconds))),
                *(followed(at, ClickAction.ALLOW, index=n) for n, at in enumerate(seconds)),
            ],
            max(seconds) + 1,
        )

    def test_enough_people_at_one_new_host_are_an_alert_that_names_them(self) -> None:
        self.visits(30, 90, 200)
        assert raised() == [("new_host", "our.example", "fresh.example", 1)]
        assert people(Alert.objects.get()) == [(f"p{n}@our.example", "clicked") for n in range(3)]

    def test_people_whose_addresses_have_no_domain_are_of_the_domain_by_whose_policy_their_mail_went(
        self,
    ) -> None:
        domain = SenderDomain.objects.create(name="our.example")
        names = ("postmaster", "root", "p2@our.example")
        mail = received(
            "https://a.fresh.example/1",
            recipients=[QueuedRecipient(n, name, b"person%02d" % n) for n, name in enumerate(names)],
        )
        take(
            [
                msgspec.structs.replace(mail, domain_id=domain.pk),
                *(delivery(1, index=n) for n in range(3)),
                *(followed(30 * n + 30, ClickAction.ALLOW, index=n) for n in range(3)),
            ],
            100,
        )
        assert raised() == [("new_host", "our.example", "fresh.example", 1)]
        assert people(Alert.objects.get()) == sorted((name, "clicked") for name in names)

    def test_two_are_not_enough_and_one_person_many_times_is_one(self) -> None:
        self.visits(30, 90)
        again = [followed(100 + n, ClickAction.ALLOW, source=b"other%03d" % n) for n in range(5)]
        ingest(batch("q", again), after(120))
        assert raised() == []
        assert ClickedHostPerson.objects.count() == 2

    @SQLITE_IS_ENOUGH
    @pytest.mark.parametrize("url", ["https://usual.example/", "https://www.paypal.com/signin"])
    def test_a_host_that_is_usual_here_or_known_to_all_is_not_new(self, url: str) -> None:
        ClickedHost.objects.update(first_at=START - timedelta(days=30))
        self.visits(30, 90, 200, url=url)
        assert raised() == []

    @SQLITE_IS_ENOUGH
    def test_an_installation_learns_for_a_week_before_anything_is_new(self) -> None:
        reset_rule(AlertRule.NEW_HOST)
        ClickedHost.objects.update(first_at=START - new_hosts.LEARNING + timedelta(hours=1))
        self.visits(*range(30, 330, 30))
        assert raised() == []
        assert set(ClickedHost.objects.values_list("host", flat=True)) == {"usual.example", "fresh.example"}

    @SQLITE_IS_ENOUGH
    def test_a_number_that_an_administrator_set_counts_from_the_first_day(self) -> None:
        ClickedHost.objects.all().delete()
        self.visits(30, 90, 200)
        assert raised() == [("new_host", "our.example", "fresh.example", 1)]

    @SQLITE_IS_ENOUGH
    def test_where_the_rule_is_off_nothing_is_kept_of_visits(self) -> None:
        switch(AlertRule.NEW_HOST, enabled=False)
        self.visits(30, 90, 200)
        assert not ClickedHostPerson.objects.exists()

    @SQLITE_IS_ENOUGH
    def test_who_went_there_is_forgotten_after_a_day(self) -> None:
        self.visits(30, 90)
        alerts.forget_visits(after(60))
        assert ClickedHostPerson.objects.count() == 1


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


class TestRemoval:
    def test_retention_deletes_alerts_and_what_was_sent_and_people_go_with_their_mail(self) -> None:
        take([received(), delivery(1), followed(30), reader_report(40, ReaderReportKind.MISTAKE)])
        Outgoing.objects.update(finished_at=after(60), state=Outgoing.State.DELIVERED)
        Alert.objects.filter(rule="reported_mistake").update(last_at=after(5000))
        delete_before(after(1000))
        assert not Message.objects.exists()
        assert [rule for rule, *_ in raised()] == ["reported_mistake"]
        assert not AlertPerson.objects.exists()
        assert not Outgoing.objects.exists()
        assert not ReaderReportRow.objects.exists()

    def test_whoever_is_forgotten_is_in_no_alert_any_more(self) -> None:
        take([received(), delivery(1), followed(30), followed(40, index=1)])
        mail = Message.objects.get()
        for index in (0, 1):
            ClickedHostPerson.objects.create(
                host=f"{index}.example",
                person=bytes(8),
                message_id=mail.pk,
                recipient_index=index,
                at=after(30),
            )
        assert alerts.forget_person("Anna@our.example") == 1
        assert set(ClickedHostPerson.objects.values_list("recipient_index", flat=True)) == {1}
        alert = Alert.objects.get()
        assert people(alert) == [("bert@our.example", "blocked")]
        assert (alert.url, alert.count) == ("", 2)

    def test_an_alert_is_deleted_with_its_people_and_its_message_then_says_nothing(self) -> None:
        take([received(), delivery(1), followed(30)])
        alert = Alert.objects.get()
        assert alerts.delete(alert.pk)
        assert not alerts.delete(alert.pk)
        assert not AlertPerson.objects.exists()
        assert notice_of(Outgoing.objects.get()) is None


@SQLITE_IS_ENOUGH
def test_a_copy_that_names_nobody_says_only_that_somebody_clicked() -> None:
    take([received(), delivery(1), followed(30, index=None)])
    assert people(Alert.objects.get()) == [("", "blocked")]


@SQLITE_IS_ENOUGH
def test_alerts_are_listed_by_rule_domain_and_host_the_newest_first() -> None:
    take([received(), delivery(1), followed(30), followed(40, ClickAction.GO_ON, link=1)])
    assert [alert.rule for alert in alerts.listed()] == ["clicked_through", "known_bad_click"]
    assert [alert.host for alert in alerts.listed(rule=AlertRule.CLICKED_THROUGH)] == ["good.example"]
    assert alerts.listed(domain="other.example").count() == 0
    assert alerts.listed(host="login.evil.example").count() == 1
