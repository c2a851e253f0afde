"""Erase one person (GDPR article 17): all that the records hold of a mail address, in whatever spelling.

In slices, so that ingest never waits long. Consent is withdrawn first, and a copy is marked with each slice
that takes something of it, so nothing new comes between; whoever is stopped in the middle begins again.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from django.db.models import F, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from backstamp.policy import ConsentState
from backstamp.records.alerting import alerts
from backstamp.records.database.batched import batched
from backstamp.records.database.bulk import execute_many
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.events.stored_hits import Pair
from backstamp.records.models import (
    Alert,
    AlertPerson,
    ClickedHostPerson,
    Consent,
    Event,
    Link,
    LinkFinding,
    ListWish,
    Message,
    MessageText,
    OwnListEntry,
    ProtectionException,
    ReaderReportRow,
    Recipient,
    RecordsRequest,
    Suppression,
    UnmatchedReport,
)
from backstamp.records.privacy.erased_copies import BY_ERASURE, mark
from backstamp.records.privacy.mentions import Mentions
from backstamp.records.privacy.retention import delete_messages, delete_slice
from backstamp.records.rollups.changes import note_changed
from backstamp.records.rollups.day_counts import take_away_recipients
from backstamp.records.rollups.rebuild import rebuild_totals
from backstamp.tokens import Keyring
from backstamp.tokens.address_spelling import one_spelling
from backstamp.tokens.sealing import NO_RECIPIENT

_Named = list[tuple[type[Model], tuple[str, ...], list[Any]]]
"""Keys of the rows of each table that name a person in these columns."""
_SLICE: Final = 100
"""Copies that one transaction takes, so that ingest never waits long for the database."""
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

_OF_A_COPY: Final = (
    "DELETE FROM records_alertperson WHERE message_id = %s AND recipient_index = %s",
    "DELETE FROM records_clickedhostperson WHERE message_id = %s AND recipient_index = %s",
    "DELETE FROM records_readerreportrow WHERE tracking_id = %s AND recipient_index = %s",
)


class Erased(msgspec.Struct, kw_only=True):
    """What was found of a person, in numbers.

    `messages` went altogether, `shared` lost this recipient, `mentions` are rows of others that named the
    address, `entries` those of suppression and other lists, consents, reports and wishes.
    """

    messages: int = 0
    shared: int = 0
    events: int = 0
    alerts: int = 0
    entries: int = 0
    mentions: int = 0


def rows_to_look_through() -> int:
    """Return how many rows `erase` looks through for what names a person."""
    return sum(model._default_manager.count() for model, _ in _SAYING)


def _unheard(_: int) -> None:
    """Where nobody waits for the figure."""


def erase(
    address: str,
    keyring: Keyring,
    now: datetime | None = None,
    looked_through: Callable[[int], object] = _unheard,
) -> Erased | None:
    """Erase a person; return what was found, None where that is nothing.

    `looked_through` is told of each piece of the rows that are looked through for the person's address.
    Call `search.forget_deleted` and `retention.write_back` then. Raises `django.db.Error`; what is not yet
    erased waits for the next run.
    """
    at, key, mentions = now or datetime.now(UTC), keyring.recipient_key(address), Mentions(address)
    copies, found = _copies(key, mentions), Erased()
    strays = Event.objects.filter(named=key, recipient_index=None).order_by()
    named: _Named | None = None
    if not (copies or strays.exists() or _has_entries(key, mentions)):
        named = _rows_naming(mentions, looked_through)
        if not any(rows for _, _, rows in named):
            return None
    _withdraw(key, at)
    # By the copies' rows, which go below.
    spellings = {spelling for _, _, spelling in copies} | {address, mentions.spelling}
    people = AlertPerson.objects.order_by().values_list("address", flat=True).distinct()
    spellings.update(spelling for spelling in people if one_spelling(spelling) == mentions.spelling)
    found.alerts = sum(map(alerts.forget_person, sorted(spellings - {""})))
    for piece in batched(((message, index) for message, index, _ in copies), _SLICE):
        _erase_copies(piece, at, found)
    while deleted := delete_slice(strays):
        found.events += deleted
    found.entries = _erase_entries(key, mentions)
    _erase_mentions(mentions, found, _rows_naming(mentions, looked_through) if named is None else named)
    return found


def _copies(key: bytes, mentions: Mentions) -> list[tuple[int, int, str]]:
    """Return message, index and address of each copy; those of anonymous mail have an address and no key."""
    wanted = Q(recipient_key=key) | Q(recipient_key=b"") & ~Q(address="")
    for spelling in mentions.spellings:
        wanted |= Q(address__iexact=spelling)
    rows = Recipient.objects.filter(wanted).exclude(index=NO_RECIPIENT).order_by()
    # A pseudonym of 64 bits could be somebody else's by chance.
    return [
        (message, index, address)
        for message, index, address, whose in rows.values_list(
            "message_id", "index", "address", "recipient_key"
        ).iterator()
        if one_spelling(address) == mentions.spelling or (not address and bytes(whose) == key)
    ]


def _erase_copies(pairs: Collection[Pair], at: datetime, found: Erased) -> None:
    messages = {message for message, _ in pairs}
    theirs = Q()
    for message, index in pairs:
        theirs |= Q(message_id=message, recipient_index=index)
    events = Event.objects.filter(theirs).order_by()
    while True:
        with one_at_a_time():
            mark(pairs, at)
            deleted = delete_slice(events)
            if not deleted:
                _erase_rows(pairs, messages, found)
                return
        found.events += deleted


def _erase_rows(pairs: Collection[Pair], messages: Collection[int], found: Erased) -> None:
    rows = Recipient.objects.filter(message__in=messages).exclude(index=NO_RECIPIENT).order_by()
    gone = set(pairs)
    everybody = list(rows.values_list("pk", "message_id", "index"))
    shared = {message for _, message, index in everybody if (message, index) not in gone}
    alone = [message for message in messages if message not in shared]
    if alone:
        delete_messages(alone)
    pks = [pk for pk, message, index in everybody if message in shared and (message, index) in gone]
    for piece in batched(pks, _SLICE):
        take_away_recipients(piece)
        Recipient.objects.filter(pk__in=piece).delete()
    for statement in _OF_A_COPY:
        execute_many(statement, pairs)
    if shared:
        rebuild_totals(sorted(shared))
    found.messages += len(alone)
    found.shared += len(shared)


def _withdraw(key: bytes, at: datetime) -> None:
    """Let nothing be recorded any more of mail that is out; only the pseudonym is kept for that."""
    withdrawn = ConsentState.WITHDRAWN.value
    with one_at_a_time():
        rows = Consent.objects.filter(recipient_key=key)
        if not rows.filter(recorded_by=BY_ERASURE, address=key.hex()).exists():
            rows.filter(address=key.hex()).delete()
            Consent.objects.create(
                address=key.hex(),
                recipient_key=key,
                opens=withdrawn,
                links=withdrawn,
                evidence=f"{at:%Y-%m-%d %H:%M:%S} UTC: erased",
                recorded_by=BY_ERASURE,
            )


def _entries(key: bytes, mentions: Mentions) -> Iterator[Any]:
    """Yield the rows that go, a query for each table."""
    yield Consent.objects.filter(recipient_key=key).exclude(recorded_by=BY_ERASURE)
    yield ListWish.objects.filter(recipient_key=key)
    yield RecordsRequest.objects.filter(recipient_key=key)
    yield OwnListEntry.objects.filter(scope=key.hex())
    excepted = ProtectionException.objects.exclude(kind=ProtectionException.Kind.HOST)
    yield excepted.filter(pk__in=_theirs(excepted.values_list("pk", "value"), mentions))
    reports = UnmatchedReport.objects.values_list("pk", "addresses", "text", "reporter", "findings")
    yield UnmatchedReport.objects.filter(pk__in=[pk for pk, *told in reports if mentions.in_any(told)])


def _theirs(rows: Iterable[tuple[int, str]], mentions: Mentions) -> list[int]:
    return [pk for pk, address in rows if one_spelling(address) == mentions.spelling]


def _suppressions(key: bytes) -> Any:
    return Suppression.objects.filter(recipient_key=key).exclude(address="", evidence="")


def _has_entries(key: bytes, mentions: Mentions) -> bool:
    return _suppressions(key).exists() or any(rows.exists() for rows in _entries(key, mentions))


@one_at_a_time()
def _erase_entries(key: bytes, mentions: Mentions) -> int:
    """Delete what is kept of the person beside mail; on the suppression list the pseudonym stays."""
    kept = _suppressions(key).update(address="", evidence="")
    return int(kept) + sum(int(rows.delete()[0]) for rows in _entries(key, mentions))


def _rows_naming(mentions: Mentions, looked_through: Callable[[int], object]) -> _Named:
    """Return the rows in which the address stands."""
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


def _erase_mentions(mentions: Mentions, found: Erased, named: _Named) -> None:
    for model, columns, keys in named:
        for piece in batched(keys, _SLICE):
            with one_at_a_time():
                found.mentions += _erase_from(model._default_manager.filter(pk__in=piece), columns, mentions)


def _erase_from(rows: QuerySet[Any], columns: tuple[str, ...], mentions: Mentions) -> int:
    naming = _without(rows, columns, mentions)
    for pk, changed in naming.items():
        if "sender" in changed:
            # The domain stays: suppressions are those of its mail.
            changed["sender"] = f"@{mentions.domain}"
        rows.filter(pk=pk).update(**changed)
    if rows.model is Message:
        rebuild_totals(sorted(naming))
    elif rows.model is MessageText:
        rebuild_totals(sorted(rows.filter(pk__in=naming).values_list("message_id", flat=True)))
    elif naming:
        note_changed([])
    return len(naming)
