"""Hosts that several people visit and nobody did before."""

from datetime import timedelta

import msgspec
import pytest

from backstamp.records.alerting import alerts, new_hosts
from backstamp.records.alerting.rules import reset_rule
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Alert, ClickedHost, ClickedHostPerson, SenderDomain
from backstamp.vocabulary import AlertRule, ClickAction, QueuedRecipient
from tests.records.journal_records import START, after, batch, delivery
from tests.records.raised_alerts import SQLITE_IS_ENOUGH, people, raised, switch, take
from tests.records.received import followed, received


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
