"""What was alerted to and is allowed since is told to those who heard of it."""

import pytest

from backstamp.records.alerting import allowances
from backstamp.records.alerting.allowances import tell_allowed
from backstamp.records.models import Alert, ExpressionKill, Outgoing, OwnListEntry
from backstamp.records.outbox import entries as outbox
from backstamp.records.protection.own_lists import take_off
from backstamp.records.wording.notices import Allowance, notice_of
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import AlertRule, ChannelKind
from tests.records.journal_records import ANNA, BERT, after, delivery
from tests.records.raised_alerts import SQLITE_IS_ENOUGH, switch, take
from tests.records.received import followed, received


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
