"""The records as text, without what depends on the moment of ingest: surrogate ids, versions, revisions."""

from typing import Any

from backstamp.records.models import Event, Link, Message, Recipient


def dump() -> dict[str, list[Any]]:
    """Return all rows that ingest makes, in an order of their own."""
    leave_out = {"id", "version", "revised_at"}
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in leave_out}
            for row in model.objects.order_by(*order).values()
        ]
        for model, order in (
            (Message, ("tracking_id",)),
            (Recipient, ("message_id", "index")),
            (Link, ("message_id", "number")),
            (Event, ("producer", "position")),
        )
    }
