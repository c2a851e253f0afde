"""The records as text, without what depends on the moment of ingest: surrogate ids, versions, revisions."""

import json
from typing import Any

from backstamp.records.models import (
    Consent,
    DayCount,
    Event,
    HeaderSet,
    Link,
    LinkFinding,
    Message,
    MessageRollup,
    MessageText,
    Reason,
    Recipient,
    Suppression,
)
from backstamp.verdicts.wording import fill

_LEFT_OUT = {"id", "version", "revised_at", "recorded_at"}
_ORDER = {
    Message: ("tracking_id",),
    Recipient: ("message_id", "index"),
    Link: ("message_id", "number"),
    LinkFinding: ("message_id", "number", "source", "reason"),
    Event: ("producer", "position"),
    MessageRollup: ("message_id",),
    MessageText: ("message_id",),
    DayCount: ("day", "domain_id", "measure"),
    Suppression: ("domain", "recipient_key", "reason"),
    Consent: ("address",),
}


def dump() -> dict[str, list[Any]]:
    """Return all rows that ingest makes, in an order of their own; what is shared stands where it is used."""
    shared = {
        "headers_id": {row.pk: json.loads(row.headers) for row in HeaderSet.objects.all()},
        "reasons": {row.pk: (row.signal, row.weight, _said(row)) for row in Reason.objects.all()},
    }

    def value(name: str, value: Any) -> Any:
        if name == "headers_id":
            return value and shared["headers_id"][value]
        if name == "reasons":
            return [shared["reasons"][number] for number in value]
        return bytes(value) if isinstance(value, memoryview) else value

    return {
        model.__name__: [
            {name: value(name, found) for name, found in row.items() if name not in _LEFT_OUT}
            for row in model.objects.order_by(*order).values()  # type: ignore[attr-defined]
            if row.get("number") != 0
        ]
        for model, order in _ORDER.items()
    }


def _said(reason: Reason) -> str:
    return fill(reason.text, json.loads(reason.params) if reason.params else {})


def signals(event: Event) -> list[str]:
    """Return the signals of an event's reasons, in their order."""
    by_number = dict(Reason.objects.values_list("pk", "signal"))
    return [by_number[number] for number in event.reasons]


def source(event: Event) -> bytes | None:
    """Return the pseudonym of an event's address, None where it is erased."""
    return None if event.source is None else bytes(event.source)[4:]
