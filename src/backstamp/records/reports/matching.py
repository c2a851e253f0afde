"""Which message, and which recipient, a report is about: what it carries says so, or nobody does.

In the order of trust: the seal in the return path; our tokens in the returned copy; the Message-ID that
it quotes, where only one message has it. What two of them could be is about neither.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from backstamp.records.database.texts import storable
from backstamp.records.database.tracking_ids import from_database, to_database
from backstamp.records.models import LONGEST_ADDRESS, LONGEST_MESSAGE_ID, Message, Recipient, UnmatchedReport
from backstamp.tokens.address_spelling import one_spelling
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Direction, EventType, Report

TRY_AGAIN: Final = timedelta(days=1)
"""A report may come before its message is ingested; after a day it will not be."""
MOST_IDS: Final = 50
"""Message-IDs of a report that are looked for; References grow without end in long conversations."""
MOST_CANDIDATES: Final = 20


_OF_A_COPY: Final = frozenset({EventType.BOUNCED, EventType.DEFERRED, EventType.DELIVERED, EventType.SENT})
"""What mail systems say of the copy itself, whatever the address behind an alias is that they name."""


class Named(msgspec.Struct, frozen=True):
    """A message, and a recipient or None, that a token of ours names; `recipient_key` is of a pixel's."""

    tracking_id: int
    recipient_index: int | None = None
    recipient_key: bytes = b""


class Clues(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says of the message that it is about.

    Attributes:
        sealed: what its return path says.
        tokens: what our tokens in it say.
        message_ids: as in the field, angle brackets included; the likeliest first.
    """

    sealed: Named | None = None
    tokens: tuple[Named, ...] = ()
    message_ids: tuple[str, ...] = ()


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a report says: of one address, or of nobody in particular ("").

    `also` are other spellings of the recipient (RFC 3464 §2.3.1: the original one). `guessed`: the report
    does not name the address (`mail.reports.RecipientReport`). `happened_us` is when the
    mail was delivered, as the report says it, or 0.
    """

    type: EventType
    address: str = ""
    also: tuple[str, ...] = ()
    guessed: bool = False
    happened_us: int = 0
    permanent: bool = False
    cause: str = ""
    code: int = 0
    enhanced_status: str = ""
    text: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A report as far as it matters here.

    `at_us` is when it came, microseconds since 1970 UTC; `mail` tells it from others.
    """

    at_us: int
    clues: Clues
    statements: tuple[Statement, ...]
    reporter: str = ""
    mail: str = ""


def match(finding: Finding) -> list[Report] | None:
    """Return the records that a report makes, or None where its message is not known."""
    clues = finding.clues
    sealed = clues.sealed
    message = _message(clues, [a for s in finding.statements for a in (s.address, *s.also) if a])
    if message is None:
        return None
    named = sealed or next(iter(clues.tokens), None)
    index = None if named is None else named.recipient_index
    if index is None and named is not None and named.recipient_key.strip(b"\0"):
        index = _by_key(message, named.recipient_key)
    # The return path of a copy speaks of that copy alone: its reader could name another recipient there, and
    # have them put on the suppression list.
    addresses = {} if sealed is not None else _addresses(message)
    records = [
        Report(
            at_us=finding.at_us,
            tracking_id=from_database(message),
            type=statement.type,
            recipient_index=index if sealed is not None else _recipient(addresses, statement, index),
            sealed=sealed is not None,
            happened_us=statement.happened_us,
            permanent=statement.permanent,
            cause=statement.cause,
            code=statement.code,
            enhanced_status=statement.enhanced_status,
            text=statement.text,
            final_recipient=_final(statement),
            reporter=finding.reporter,
            mail=finding.mail,
        )
        for statement in finding.statements
    ]
    # Some name one recipient in several spellings, and say one thing of it.
    return list(dict.fromkeys(records))


def keep(finding: Finding) -> None:
    """Keep a report whose message is not known."""
    said = finding.statements
    UnmatchedReport.objects.create(
        received_at=datetime.fromtimestamp(finding.at_us / 1_000_000, UTC),
        words=" ".join(dict.fromkeys(statement.type.value for statement in said))[:200],
        addresses=storable(", ".join(statement.address for statement in said if statement.address), 1000),
        text=storable(next((statement.text for statement in said if statement.text), ""), 1000),
        reporter=storable(finding.reporter, 300),
        findings=msgspec.json.encode(finding).decode(),
    )


def kept(now: datetime) -> list[tuple[int, Finding]]:
    """Return the reports that are worth another try, with their numbers."""
    rows = UnmatchedReport.objects.filter(received_at__gt=now - TRY_AGAIN).values_list("pk", "findings")
    return [(pk, msgspec.json.decode(findings, type=Finding)) for pk, findings in rows]


def forget(pk: int) -> None:
    """Delete a kept report: its message was found."""
    UnmatchedReport.objects.filter(pk=pk).delete()


def forget_before(limit: datetime) -> int:
    """Delete the reports that came before `limit`; return how many."""
    return UnmatchedReport.objects.filter(received_at__lt=limit).delete()[0]


def reverse_path_of(tracking_id: int) -> str | None:
    """Return the reverse path that a message's sender had given, or None where the message is not known."""
    rows = Message.objects.filter(pk=to_database(tracking_id))
    return rows.values_list("reverse_path", flat=True).first()


def _message(clues: Clues, addresses: Collection[str]) -> int | None:
    """Return the number of the message in the database."""
    if clues.sealed is not None:
        return to_database(clues.sealed.tracking_id)
    named = {token.tracking_id for token in clues.tokens}
    if named:
        # A mail that quotes several of ours is about one of them, and does not say which.
        return to_database(named.pop()) if len(named) == 1 else None
    for message_id in clues.message_ids[:MOST_IDS]:
        found = _with_message_id(message_id)
        if len(found) > 1:
            # The same mail sent twice: the one that went to this address.
            found = _sent_to(found, addresses)
        if len(found) == 1:
            return found[0]
        if found:
            return None
    return None


def _with_message_id(message_id: str) -> Sequence[int]:
    if not message_id or "\0" in message_id:
        return ()
    messages = Message.objects.filter(
        message_id=message_id[:LONGEST_MESSAGE_ID], direction=Direction.OUTBOUND
    )
    return list(messages.order_by().values_list("pk", flat=True)[:MOST_CANDIDATES])


def _sent_to(messages: Iterable[int], addresses: Collection[str]) -> list[int]:
    wanted = {folded(address) for address in addresses}
    rows = Recipient.objects.filter(message__in=messages).order_by().values_list("message_id", "address")
    return sorted({message for message, address in rows if folded(address) in wanted})


def _by_key(message: int, key: bytes) -> int | None:
    rows = Recipient.objects.filter(message=message, recipient_key=key).order_by("index")
    return rows.values_list("index", flat=True).first()


def _addresses(message: int) -> dict[int, str]:
    """Return the recipients of a message by index: read once, for a report may name a hundred."""
    rows = Recipient.objects.filter(message=message).exclude(index=NO_RECIPIENT).order_by("index")
    return {number: folded(address) for number, address in rows.values_list("index", "address")}


def _recipient(addresses: Mapping[int, str], statement: Statement, index: int | None) -> int | None:
    """Return whom a statement is about that no seal proves: whom it names, else whom the token names.

    Whoever gets a mail passed on can quote the links in it: an answer, or a receipt, of an address to which
    we did not send is nobody's that we know.
    """
    wanted = {folded(address) for address in (statement.address, *statement.also) if address}
    found = [number for number, address in addresses.items() if address in wanted]
    if found:
        return index if index in found else found[0]
    if index is None or statement.type in _OF_A_COPY:
        # An alias at the other end: what came back for this copy is about its recipient.
        return index
    # Providers leave out who complains, or the part before the @ (RFC 6590); the copy is the one meant.
    domains = {_domain(address) for address in wanted}
    redacted = statement.type is EventType.COMPLAINED and domains <= {_domain(addresses.get(index, ""))}
    return index if redacted else None


def _final(statement: Statement) -> str:
    """Return whose copy a statement is about, as who says so knows it; "" where it names nobody."""
    if statement.guessed or statement.type not in _OF_A_COPY:
        return ""
    return folded(next(iter(statement.also), statement.address))


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def folded(address: str) -> str:
    """Return an address that a report or a mail names, hostile text, in its one spelling."""
    return one_spelling(address.strip().strip("<>")[:LONGEST_ADDRESS])
