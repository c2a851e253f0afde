"""Records are taken, and alerts are raised of them."""

from collections.abc import Iterable

import msgspec
import pytest

from backstamp.records.alerting.rules import DEFAULTS, save_rule
from backstamp.records.ingest.batches import ingest
from backstamp.records.models import Alert, AlertPerson
from backstamp.vocabulary import AlertRule, JournalRecord
from tests.records.journal_records import after, batch

SQLITE_IS_ENOUGH = pytest.mark.parametrize("vendor", ["sqlite"])


def take(records: Iterable[JournalRecord], seconds: float = 60, producer: str = "p") -> None:
    ingest(batch(producer, records), after(seconds))


def raised() -> list[tuple[str, str, str, int]]:
    rows = Alert.objects.order_by("pk").values_list("rule", "domain", "host", "count")
    return [(rule, domain, host, count) for rule, domain, host, count in rows]


def people(alert: Alert) -> list[tuple[str, str]]:
    return sorted(AlertPerson.objects.filter(alert=alert).values_list("address", "act"))


def switch(rule: AlertRule, **changes: object) -> None:
    save_rule(msgspec.structs.replace(DEFAULTS[rule], **changes), "me")
