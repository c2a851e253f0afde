"""What a webhook gets: the facts, with URLs as they are, for programs (docs/alerts.md)."""

from typing import Any, Final

import msgspec

from backstamp.records.models import Outgoing
from backstamp.records.wording.notices import AlertFacts, Notice

TYPES: Final = {
    Outgoing.Kind.ALERT: "alert.raised",
    Outgoing.Kind.UPDATE: "alert.updated",
    Outgoing.Kind.DIGEST: "alert.digest",
    Outgoing.Kind.TEST: "channel.test",
}
_encode: Final = msgspec.json.Encoder().encode


def payload(notice: Notice) -> bytes:
    """Return the body."""
    return _encode(
        {
            "type": TYPES[notice.kind],
            "timestamp": notice.created_at,
            "data": {"alerts": [_alert(alert) for alert in notice.alerts], "left_out": notice.left_out},
        }
    )


def _alert(alert: AlertFacts) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.structs.asdict(alert)
    found["people"] = {"counts": alert.people, "whole": alert.is_whole, "first": found.pop("acts")}
    return found
