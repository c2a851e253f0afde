"""What was told of persons who turn out to be machines is told again."""

import pytest

from backstamp.records.alerting.corrections import MOST_UPDATES
from backstamp.records.alerting.since_judged import only_machines
from backstamp.records.models import Alert, AlertPerson, Outgoing
from backstamp.records.wording.notices import notice_of
from backstamp.vocabulary import AlertRule, ClickAction, ReaderReportKind
from tests.records.journal_records import delivery
from tests.records.raised_alerts import SQLITE_IS_ENOUGH, raised, switch, take
from tests.records.received import EVIL, followed, reader_report, received

LINKS = (EVIL, *(f"https://good-{number}.example/" for number in range(1, 6)))


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
