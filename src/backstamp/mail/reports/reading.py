"""A mail that came back, understood: `read_report`. Never raises, whatever the bytes."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from backstamp.mail.header_text import decoded, first_address, one_line
from backstamp.mail.reports import notice
from backstamp.mail.reports.answers import is_automatic, is_reply
from backstamp.mail.reports.field_values import address_in_field, moment_in, name_in
from backstamp.mail.reports.notice import Signs
from backstamp.mail.reports.pieces import Fields, Pieces, groups_in, returned_header, take_apart
from backstamp.mail.reports.quoted_subject import without_known_subjects, without_quoted_subject
from backstamp.mail.reports.recipients import (
    MOST_RECIPIENTS,
    by_status,
    by_words,
    is_recipient,
    named_alone,
    only_recipient,
    recipient_report,
)
from backstamp.mail.reports.replies import status_in
from backstamp.mail.reports.words import (
    Action,
    BounceClass,
    MailReport,
    RecipientReport,
    ReportKind,
    ReturnedMessage,
)

_MESSAGE_ID: Final = re.compile(r"<[^<>\s]{1,900}>")
_DISPOSITION: Final = re.compile(r"^[^;]{0,200};\s*([a-z-]{1,40})", re.IGNORECASE)
_MARK_OF_A_COMPLAINT: Final = "x-hmxmroriginalrecipient"
_MICROSOFTS: Final = "staff@hotmail.com"
_RECEIPT_OF_CERTIFIED_MAIL: Final = "x-ricevuta"
"""Italy's certified mail (PEC) tells with this field what became of a mail, and with the next of which.

From is that of the mail itself there, wrapped, too. Technical rules of the decree of 2 November 2005.
"""
_ABOUT_CERTIFIED_MAIL: Final = "x-riferimento-message-id"
_REFUSED: Final = frozenset({"deleted", "denied", "failed"})


def read_report(raw: bytes) -> MailReport:
    """Return what a mail that came back says; kind `none` where it is no report and no answer."""
    pieces = take_apart(raw)
    if pieces.media_type != "multipart/report":
        signs = _signs(pieces)
        # Somebody shows a report to somebody else: it is not about the mail of whom it reaches. A complaint
        # alone names itself after the mail that is complained of, "FW: SUBJECT" (RFC 5965 appendix B).
        if signs.passed_on:
            kept = pieces.feedback if pieces.media_type == "multipart/mixed" and not signs.is_answer else []
            pieces = msgspec.structs.replace(pieces, status=[], receipt=[], feedback=kept, inner=b"")
        elif signs.by_a_person:
            pieces = msgspec.structs.replace(pieces, status=[], inner=b"")
    if pieces.inner and not (pieces.status or pieces.receipt or pieces.feedback):
        # A gateway may put the whole report into another mail.
        inner = take_apart(pieces.inner)
        if inner.status or inner.receipt or inner.feedback:
            return _read(inner)
    return _read(pieces)


def _read(pieces: Pieces) -> MailReport:
    own = _own(pieces)
    whole = pieces.text
    text = notice.before_returned(without_quoted_subject(whole))
    if pieces.returned is None and len(text) < len(whole):
        below = whole[len(text) :]
        pieces.returned = _returned_in(below)
    text = without_known_subjects(text, _subjects(pieces, own))
    signs = _signs(pieces)
    noticed = notice.is_notice(text, signs)
    if not pieces.status and noticed and "inal-recipient" in text.lower():
        # The fields for machines, in a part for people.
        pieces.status = [group for group in groups_in(text) if is_recipient(group)]
    if pieces.feedback or _is_plain_feedback(pieces):
        return _feedback(pieces)
    if pieces.receipt and not any(is_recipient(group) for group in pieces.status):
        return _receipt(pieces, own, text)
    recipients = by_status(pieces, own, text)
    if recipients:
        return _dsn(pieces, recipients)
    failed = own.get("x-failed-recipients", "")
    if failed or pieces.status or noticed:
        answer = is_automatic(pieces.header, signs.subject, text, null_path=signs.null_path)
        if failed or pieces.status or signs.by_system or signs.has_machine_subject or not answer:
            return _dsn(pieces, by_words(pieces, own, text, failed))
    return _answer(pieces, own, text, signs)


def _subjects(pieces: Pieces, own: Fields) -> Iterator[str]:
    """Yield the subject of the mail that a report is about, as far as it is known."""
    yield decoded((pieces.returned or {}).get("subject", ""))
    if pieces.receipt:
        # "Not read: SUBJECT". What a mail system says in its own subject may be the reason.
        yield decoded(own.get("subject", "")).partition(":")[2]


def _dsn(pieces: Pieces, recipients: Iterable[RecipientReport]) -> MailReport:
    return MailReport(
        kind=ReportKind.DSN,
        recipients=tuple(recipients)[:MOST_RECIPIENTS],
        about=_about(pieces),
        reporter=_reporter(pieces),
        arrival_us=next((moment_in(g["arrival-date"]) for g in pieces.status if "arrival-date" in g), 0),
    )


# Receipts, complaints, answers.


def _receipt(pieces: Pieces, own: Fields, text: str) -> MailReport:
    group: Fields = {}
    for each in pieces.receipt:
        group = {**each, **group}
    match = _DISPOSITION.match(group.get("disposition", ""))
    disposition = match[1].lower() if match else ""
    final, guessed = address_in_field(group.get("final-recipient", "")), False
    if not final:
        final, guessed = _reader(pieces, own, text)
    original = address_in_field(group.get("original-recipient", ""))
    if disposition in _REFUSED and notice.is_refusal(text, _signs(pieces)):
        # Dovecot's and Cyrus' way to refuse a mail after it was taken: a receipt that says "deleted".
        return _dsn(
            pieces,
            [
                recipient_report(
                    address=original or final,
                    guessed=guessed and not original,
                    action=Action.FAILED,
                    status=status_in(text),
                    around=text,
                )
            ],
        )
    return MailReport(
        kind=ReportKind.MDN,
        recipients=(_nothing_wrong(original or final, final if original not in ("", final) else ""),),
        about=_about(pieces, group.get("original-message-id", "")),
        reporter=one_line(group.get("reporting-ua", ""))[:255] or _reporter(pieces),
        disposition=disposition,
    )


def _reader(pieces: Pieces, own: Fields, text: str) -> tuple[str, bool]:
    """Return whose mailbox a receipt speaks of that names no mail address, and whether that is a guess.

    A program writes in its reader's name; a mail system in its own, and may give a local user's name only.
    """
    sender = first_address(own.get("from", ""))
    if not (notice.is_daemon(sender) or notice.is_office(sender)):
        return sender, False
    named = named_alone(pieces, own, text)
    return (named, False) if named else (next(iter(only_recipient(pieces)), ""), True)


def _is_plain_feedback(pieces: Pieces) -> bool:
    """Whether a provider passes a complaint on without the format: Microsoft's programme adds a field.

    The mail comes attached, or as it was, from the programme's own reverse path.
    """
    return _is_marked_as_complaint(pieces) or (
        pieces.returned is not None and _MARK_OF_A_COMPLAINT in pieces.returned
    )


def _is_marked_as_complaint(pieces: Pieces) -> bool:
    own = _own(pieces)
    return _MARK_OF_A_COMPLAINT in own and first_address(own.get("return-path", "")) == _MICROSOFTS


def _feedback(pieces: Pieces) -> MailReport:
    group: Fields = {}
    for each in pieces.feedback:
        group = {**each, **group}
    reporter = _reporter(pieces)
    if pieces.returned is None and _is_marked_as_complaint(pieces):
        pieces.returned, reporter = _own(pieces), _MICROSOFTS.partition("@")[2]
    returned = pieces.returned or {}
    candidates = (
        group.get("original-rcpt-to", ""),
        group.get("removal-recipient", ""),
        returned.get(_MARK_OF_A_COMPLAINT, ""),
        returned.get("to", ""),
    )
    address = next(
        (found for value in candidates if (found := first_address(value) or address_in_field(value))), ""
    )
    return MailReport(
        kind=ReportKind.FEEDBACK,
        recipients=(_nothing_wrong(address),) if address else (),
        about=_about(pieces),
        reporter=one_line(group.get("user-agent", ""))[:255] or reporter,
        arrival_us=moment_in(group.get("arrival-date", "") or group.get("received-date", "")),
        feedback_type=one_line(group.get("feedback-type", "abuse")).lower()[:40],
    )


def _answer(pieces: Pieces, own: Fields, text: str, signs: Signs) -> MailReport:
    if is_automatic(pieces.header, signs.subject, text, null_path=signs.null_path):
        kind = ReportKind.AUTO_REPLY
    elif is_reply(pieces.header):
        kind = ReportKind.REPLY
    else:
        return MailReport(kind=ReportKind.NONE)
    address = first_address(own.get("from", ""))
    references = (
        *_message_ids(own.get("in-reply-to", "")[:10_000]),
        *reversed(_message_ids(own.get("references", "")[:50_000])),
    )
    about = ReturnedMessage(
        message_id=references[0] if references else "", references=tuple(dict.fromkeys(references))[:50]
    )
    return MailReport(
        kind=kind,
        recipients=(_nothing_wrong(address),) if address else (),
        about=about,
        reporter=_reporter(pieces),
    )


def _nothing_wrong(address: str, final: str = "") -> RecipientReport:
    return RecipientReport(address=address, final=final, action=Action.DELIVERED, bounce=BounceClass.OTHER)


# What all have.


def _own(pieces: Pieces) -> Fields:
    fields: Fields = {}
    for field in pieces.header.fields[:1_000]:
        fields.setdefault(field.name.decode("ascii", "replace"), field.value[:50_000])
    return fields


def _signs(pieces: Pieces) -> Signs:
    own = _own(pieces)
    named = own.get("from", "") or own.get("sender", "")
    sender = decoded(named)
    address = first_address(named) or sender.strip("<> ")
    path = own.get("return-path", "").strip()
    return Signs(
        decoded(own.get("subject", "")),
        by_daemon=notice.is_daemon(address) or _RECEIPT_OF_CERTIFIED_MAIL in own,
        by_office=notice.is_office(address),
        by_name=notice.is_system_name(sender),
        # A From that names nobody stands for the null path.
        null_path=path == "<>" or sender.endswith("<>") or notice.is_daemon(first_address(path)),
        answers="in-reply-to" in own or "references" in own,
        listed=any(name in own for name in ("list-id", "list-unsubscribe", "list-post")),
        returned=pieces.returned is not None,
        attached=pieces.inner != b"",
        reports=pieces.report_type == "delivery-status",
        sender=address.casefold(),
    )


def _reporter(pieces: Pieces) -> str:
    for group in pieces.status:
        if name := group.get("reporting-mta", ""):
            return name_in(name)
    return first_address(_own(pieces).get("from", "")).rpartition("@")[2].lower()[:255]


def _about(pieces: Pieces, message_id: str = "") -> ReturnedMessage:
    returned, own = pieces.returned or {}, _own(pieces)
    ids = _message_ids(
        message_id or returned.get("message-id", "") or own.get(_ABOUT_CERTIFIED_MAIL, "")[:1_000]
    )
    envelope = next((g["original-envelope-id"] for g in pieces.status if "original-envelope-id" in g), "")
    return ReturnedMessage(
        message_id=ids[0] if ids else "",
        envelope_id=one_line(envelope)[:200],
        sender=first_address(returned.get("from", "")),
        recipient=first_address(returned.get("to", "")),
        subject=decoded(returned.get("subject", "")),
        references=_message_ids(own.get("in-reply-to", "")[:10_000])[:10],
    )


def _message_ids(text: str) -> tuple[str, ...]:
    """Return the Message-IDs in a field's value as `mail.facts` spells them: in UTF-8, too (RFC 6532)."""
    return tuple(one_line(each) for each in _MESSAGE_ID.findall(text))


def _returned_in(below: str) -> Fields | None:
    """Return the header of a mail that is returned in the notice's own text, quoted or not."""
    lines = [re.sub(r"^[>| ]{0,3}", "", line) for line in below.splitlines()[:2_000]]
    start = next(
        (n for n, line in enumerate(lines) if re.match(r"[A-Za-z][A-Za-z0-9-]{1,60}:[ \t]", line)), None
    )
    if start is None:
        return None
    text = "\n".join(lines[start:])
    fields = returned_header(text.encode("utf-8", "surrogateescape"))
    return fields or None
