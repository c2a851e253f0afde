"""How migration 0004 makes the table of events anew and copies the old one into it."""

import base64
import json
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from django.apps.registry import Apps
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_SLICE = 2000
_INDEXES = (
    *("event_timeline", "event_siblings", "event_source", "event_newest", "event_unsettled"),
    "event_by_people",
)
_KEPT = (
    *("id", "producer", "position", "message_id", "recipient_index", "type", "at", "link_number", "actor"),
    *("counts", "score", "certainty", "final", "revised_at", "client", "detail"),
)
_MADE = ("method", "network", "headers_id", "named", "source", "address", "reasons")

_POSTGRESQL = """
CREATE SEQUENCE records_event_id_seq;
CREATE TABLE records_event (
    id bigint NOT NULL DEFAULT nextval('records_event_id_seq'),
    producer varchar(40) NOT NULL,
    position bigint NOT NULL,
    message_id bigint NOT NULL,
    recipient_index integer NULL CHECK (recipient_index >= 0),
    type varchar(16) NOT NULL,
    at timestamptz NOT NULL,
    link_number integer NULL CHECK (link_number >= 0),
    actor varchar(16) NOT NULL,
    counts boolean NOT NULL,
    score double precision NOT NULL,
    certainty varchar(16) NOT NULL,
    final boolean NOT NULL,
    revised_at timestamptz NULL,
    client varchar(100) NOT NULL,
    method varchar(100) NOT NULL,
    network varchar(64) NOT NULL,
    headers_id bigint NULL,
    named bytea NULL,
    source bytea NULL,
    address varchar(64) NULL,
    reasons jsonb NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
ALTER SEQUENCE records_event_id_seq OWNED BY records_event.id;
CREATE TABLE records_event_rest PARTITION OF records_event DEFAULT;
CREATE INDEX event_siblings ON records_event (message_id, recipient_index, at);
CREATE INDEX event_source ON records_event (source) WHERE source IS NOT NULL;
CREATE INDEX event_unsettled ON records_event (at) WHERE NOT final;
ALTER TABLE records_recipient SET (fillfactor = 80);
ALTER TABLE records_messagerollup SET (fillfactor = 70);
"""
"""The key of a partitioned table must hold what it is partitioned by, so Django cannot make this one.
Recipients and roll-ups are written again and again: room in their pages keeps the indexes out of it."""


def set_old_table_aside(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Rename the old table, and free the names of its indexes."""
    for index in _INDEXES:
        editor.execute(f"DROP INDEX IF EXISTS {index}")
    editor.execute("ALTER TABLE records_event RENAME TO records_event_old")
    if editor.connection.vendor == "postgresql":
        editor.execute("ALTER SEQUENCE records_event_id_seq RENAME TO records_event_old_id_seq")


def make_new_table(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the new, empty table."""
    if editor.connection.vendor == "postgresql":
        for statement in _POSTGRESQL.split(";\n"):
            if statement.strip():
                editor.execute(statement)
    else:
        editor.create_model(apps.get_model("records", "Event"))


def copy_events(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Copy all events, the facts of hits into columns, header fields and reasons into tables of their own."""
    columns = (*_KEPT, *_MADE)
    marks = ", ".join(["%s"] * len(columns))
    names = ", ".join(columns)
    headers, reasons = _Shared(apps, "HeaderSet"), _Shared(apps, "Reason")
    last = 0
    with editor.connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT {', '.join(_KEPT)}, reasons, hit, source FROM records_event_old "
                f"WHERE id > %s ORDER BY id LIMIT {_SLICE}",
                [last],
            )
            rows = cursor.fetchall()
            if not rows:
                break
            last = rows[-1][0]
            cursor.executemany(
                f"INSERT INTO records_event ({names}) VALUES ({marks})",
                [_new_row(row, headers, reasons) for row in rows],
            )
        if editor.connection.vendor == "postgresql":
            cursor.execute("SELECT setval('records_event_id_seq', %s, %s)", [max(last, 1), last > 0])
    editor.execute("DROP TABLE records_event_old")


class _Shared:
    """Rows of a table that events share, made where they are missing."""

    def __init__(self, apps: Apps, model: str) -> None:
        self._model = apps.get_model("records", model)
        self._known: dict[Any, int] = {}

    def number(self, digested: Any, **fields: Any) -> int:
        key = json.dumps([digested, fields.get("month")])
        if key not in self._known:
            text = json.dumps(digested, separators=(",", ":"), ensure_ascii=False).encode()
            digest = blake2b(text, digest_size=16).digest()
            self._known[key] = self._model.objects.create(digest=digest, **fields).pk
        return self._known[key]


def _new_row(row: tuple[Any, ...], headers: _Shared, reasons: _Shared) -> tuple[Any, ...]:
    *kept, old_reasons, old_hit, source = row
    kept[-1] = json.dumps(_json(kept[-1]))
    numbers = [
        reasons.number(
            [reason["signal"], reason["weight"], reason["text"]],
            **{name: reason[name] for name in ("signal", "weight", "text")},
        )
        for reason in _json(old_reasons) or []
    ]
    hit = _json(old_hit)
    if hit is None:
        return *kept, "", "", None, None, None, None, json.dumps(numbers)
    at = _moment(kept[_KEPT.index("at")])
    fields = hit.get("headers", {})
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    headers_id = headers.number(fields, month=at.year * 12 + at.month - 1, headers=text)
    minute = int(at.timestamp() // 60).to_bytes(4, "big")
    return (
        *kept,
        hit.get("method", "GET")[:100],
        hit.get("network", ""),
        headers_id,
        _named(hit),
        None if source is None else minute + bytes(source),
        hit.get("address"),
        json.dumps(numbers, separators=(",", ":")),
    )


def _named(hit: dict[str, Any]) -> bytes:
    if hit["kind"] == "pixel":
        return base64.b64decode(hit.get("recipient_key", ""))
    index = hit.get("recipient_index")
    return b"" if index is None else int(index).to_bytes(2, "big")


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _moment(value: Any) -> datetime:
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
