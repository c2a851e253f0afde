"""Rows of others in which a person is mentioned: found by reading through all texts, and rewritten."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from django.db.models import F, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from backstamp.records.database.batched import batched
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.models import (
    Alert,
    ClickedHostPerson,
    Consent,
    Event,
    Link,
    LinkFinding,
    Message,
    MessageText,
    OwnListEntry,
    ReaderReportRow,
    Recipient,
    Suppression,
)
from backstamp.records.privacy.erasure.mentions import Mentions
from backstamp.records.rollups.changes import note_changed
from backstamp.records.rollups.rebuild import rebuild_totals

Naming = list[tuple[type[Model], tuple[str, ...], list[Any]]]
"""Keys of the rows of each table that name a person in these columns."""
_SLICE: Final = 100
"""Rows that one transaction rewrites, so that ingest never waits long for the database."""
_SAYING: Final[tuple[tuple[type[Model], tuple[str, ...]], ...]] = (
    (Message, ("reverse_path", "message_id", "subject", "sender", "manifest")),
    (MessageText, ("text",)),
    (Link, ("url", "text")),
    (LinkFinding, ("detail",)),
    (Recipient, ("reply_text",)),
    (Event, ("detail",)),
    (Alert, ("url", "text")),
    (ClickedHostPerson, ("url",)),
    (ReaderReportRow, ("url", "text")),
    (OwnListEntry, ("note",)),
    (Suppression, ("evidence",)),
    (Consent, ("evidence",)),
)
"""Columns in which others' rows may name a person."""
_LOOKED_THROUGH: Final = 50_000
"""Rows that one query looks through: what reads for minutes keeps SQLite's log from being written back."""


def number_of_rows() -> int:
    """Return how many rows `naming` looks through for what names a person."""
    return sum(model._default_manager.count() for model, _ in _SAYING)


def naming(mentions: Mentions, looked_through: Callable[[int], object]) -> Naming:
    """Return the rows in which the address stands; `looked_through` is told of each piece of all rows."""
    return [
        (model, columns, list(_keys_naming(model, columns, mentions, looked_through)))
        for model, columns in _SAYING
    ]


def _keys_naming(
    model: type[Model], columns: tuple[str, ...], mentions: Mentions, looked_through: Callable[[int], object]
) -> Iterator[Any]:
    wanted, as_text = Q(), {f"text_{column}": Cast(F(column), TextField()) for column in columns}
    for column in as_text:
        for needle in mentions.needles:
            wanted |= Q(**{f"{column}__icontains": needle})
    rows = model._default_manager.order_by("pk")
    keys = rows.values_list("pk", flat=True)
    first = keys.first()
    while first is not None:
        piece = rows.filter(pk__gte=first)
        first = next(iter(keys.filter(pk__gte=first)[_LOOKED_THROUGH : _LOOKED_THROUGH + 1]), None)
        if first is not None:
            piece = piece.filter(pk__lt=first)
        may = list(piece.annotate(**as_text).filter(wanted).order_by().values_list("pk", flat=True))
        for some in batched(may, _SLICE):
            yield from _without(rows.filter(pk__in=some), columns, mentions)
        looked_through(_LOOKED_THROUGH if first is not None else piece.count())


def _without(rows: QuerySet[Any], columns: tuple[str, ...], mentions: Mentions) -> dict[Any, dict[str, Any]]:
    """Return by key what these columns hold without the address, where they hold it."""
    found = {}
    for pk, *values in rows.values_list("pk", *columns):
        pairs = zip(columns, values, strict=True)
        if changed := {column: new for column, old in pairs if (new := mentions.without(old)) != old}:
            found[pk] = changed
    return found


def rewrite(naming: Naming, mentions: Mentions) -> int:
    """Take the address out of these rows; return how many still held it."""
    rewritten = 0
    for model, columns, keys in naming:
        for piece in batched(keys, _SLICE):
            with one_at_a_time():
                rewritten += _rewrite(model._default_manager.filter(pk__in=piece), columns, mentions)
    return rewritten


def _rewrite(rows: QuerySet[Any], columns: tuple[str, ...], mentions: Mentions) -> int:
    changes = _without(rows, columns, mentions)
    for pk, changed in changes.items():
        if "sender" in changed:
            # The domain stays: suppressions are those of its mail.
            changed["sender"] = f"@{mentions.domain}"
        rows.filter(pk=pk).update(**changed)
    if rows.model is Message:
        rebuild_totals(sorted(changes))
    elif rows.model is MessageText:
        rebuild_totals(sorted(rows.filter(pk__in=changes).values_list("message_id", flat=True)))
    elif changes:
        note_changed([])
    return len(changes)
