"""Alerts on record: listed, deleted, and without whoever is forgotten."""

from backstamp.records.alerting import alerts
from backstamp.records.models import Alert, AlertPerson, ClickedHostPerson, Message, Outgoing, ReaderReportRow
from backstamp.records.privacy.retention import delete_before
from backstamp.records.wording.notices import notice_of
from backstamp.vocabulary import AlertRule, ClickAction, ReaderReportKind
from tests.records.journal_records import after, delivery
from tests.records.raised_alerts import SQLITE_IS_ENOUGH, people, raised, take
from tests.records.received import followed, reader_report, received


@SQLITE_IS_ENOUGH
def test_alerts_are_listed_by_rule_domain_and_host_the_newest_first() -> None:
    take([received(), delivery(1), followed(30), followed(40, ClickAction.GO_ON, link=1)])
    assert [alert.rule for alert in alerts.listed()] == ["clicked_through", "known_bad_click"]
    assert [alert.host for alert in alerts.listed(rule=AlertRule.CLICKED_THROUGH)] == ["good.example"]
    assert alerts.listed(domain="other.example").count() == 0
    assert alerts.listed(host="login.evil.example").count() == 1


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
