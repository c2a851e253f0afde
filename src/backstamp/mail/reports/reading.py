"""A mail that came back, understood: `read_report`. Never raises, whatever the bytes."""

import re
from collections.abc import Iterable
from typing import Final

from backstamp.mail.header_text import decoded, first_address, one_line
from backstamp.mail.reports import notice
from backstamp.mail.reports.answers import is_automatic, is_reply
from backstamp.mail.reports.causes import bounce_class, cause_of, code_in, status_in
from backstamp.mail.reports.notice import ADDRESS, Signs
from backstamp.mail.reports.pieces import Fields, Pieces, groups_in, returned_header, take_apart
from backstamp.mail.reports.words import (
    Action,
    BounceClass,
    Cause,
    MailReport,
    RecipientReport,
    ReportKind,
    ReturnedMessage,
)

MOST_RECIPIENTS: Final = 100
_MESSAGE_ID: Final = re.compile(r"<[^<>\s]{1,900}>")
_ACTIONS: Final = {
    "failed": Action.FAILED,
    "failure": Action.FAILED,
    "fail": Action.FAILED,
    "delayed": Action.DELAYED,
    "delay": Action.DELAYED,
    "deferred": Action.DELAYED,
    "delivered": Action.DELIVERED,
    "deliverable": Action.DELIVERED,
    "relayed": Action.RELAYED,
    "expanded": Action.EXPANDED,
}
_DISPOSITION: Final = re.compile(r"^[^;]{0,200};\s*([a-z-]{1,40})", re.IGNORECASE)
_REFUSED: Final = frozenset({"deleted", "denied", "failed"})


def read_report(raw: bytes) -> MailReport:
    """Return what a mail that came back says; kind `none` where it is no report and no answer."""
    pieces = take_apart(raw)
    if pieces.inner and not (pieces.status or pieces.receipt or pieces.feedback):
        # A gateway may put the whole report into another mail.
        inner = take_apart(pieces.inner)
        if inner.status or inner.receipt or inner.feedback:
            return _read(inner)
    return _read(pieces)


def _read(pieces: Pieces) -> MailReport:
    own = _own(pieces)
    whole = pieces.text
    text = notice.before_returned(whole)
    if pieces.returned is None and len(text) < len(whole):
        below = whole[len(text) :]
        pieces.returned = _returned_in(below)
    signs = _signs(pieces)
    noticed = notice.is_notice(text, signs)
    if not pieces.status and noticed and "inal-recipient" in text.lower():
        # The fields for machines, in a part for people.
        pieces.status = [group for group in groups_in(text) if _is_recipient(group)]
    if pieces.feedback or _is_plain_feedback(pieces):
        return _feedback(pieces)
    if pieces.receipt and not any(_is_recipient(group) for group in pieces.status):
        return _receipt(pieces, own, text)
    recipients = _by_status(pieces, own, text)
    if recipients:
        return _dsn(pieces, recipients)
    failed = own.get("x-failed-recipients", "")
    if failed or pieces.status or noticed:
        answer = is_automatic(pieces.header, signs.subject, null_path=signs.null_path)
        if failed or pieces.status or signs.by_system or not answer:
            return _dsn(pieces, _by_words(pieces, own, text, failed))
    return _answer(pieces, own, signs)


def _dsn(pieces: Pieces, recipients: Iterable[RecipientReport]) -> MailReport:
    return MailReport(
        kind=ReportKind.DSN,
        recipients=tuple(recipients)[:MOST_RECIPIENTS],
        about=_about(pieces),
        reporter=_reporter(pieces),
    )


# What the fields for machines say.


def _is_recipient(group: Fields) -> bool:
    return any(
        name in group for name in ("final-recipient", "original-recipient", "action", "x-actual-recipient")
    )


def _by_status(pieces: Pieces, own: Fields, text: str) -> list[RecipientReport]:
    found: dict[str, RecipientReport] = {}
    groups = [group for group in pieces.status if _is_recipient(group)][:MOST_RECIPIENTS]
    for group in groups:
        final = _recipient(group.get("final-recipient", ""))
        original = _recipient(group.get("original-recipient", ""))
        actual = _recipient(group.get("x-actual-recipient", ""))
        address = original or final or actual
        if not address and len(groups) == 1:
            # It names nobody by a mail address: a name in X.400, or a local user.
            named = notice.addresses_in(text, _writers(pieces, own), _readers(own))
            address = named[0] if len(named) == 1 else ""
        said = one_line(group.get("diagnostic-code", ""))
        recipient = _recipient_report(
            address=address,
            final=final if final.casefold() != address.casefold() else "",
            action=_action(group, text),
            status=status_in(group.get("status", "")),
            said=re.sub(r"^[\w-]{1,30}\s*;\s*", "", said, count=1),
            around=text,
            remote=_name(group.get("remote-mta", "")),
        )
        key = address.casefold()
        # Exchange tells of the same recipient in several groups; the first that failed counts.
        if key not in found or (found[key].action is not Action.FAILED and recipient.action is Action.FAILED):
            found[key] = recipient
    return list(found.values())


def _action(group: Fields, text: str) -> Action:
    word = re.match(r"[a-z]*", group.get("action", "").strip().lower())
    known = _ACTIONS.get(word[0]) if word else None
    if known is not None:
        return known
    if notice.is_late(text):
        return Action.DELAYED
    return Action.DELIVERED if group.get("status", "").strip().startswith("2") else Action.FAILED


def _recipient(value: str) -> str:
    """Return the address of a recipient field: `rfc822; user@example.org` (RFC 3464 §2.3.2)."""
    kind, semicolon, rest = value.partition(";")
    text = one_line(rest if semicolon else value).replace("\\@", "@")
    if semicolon and kind.strip().lower() in ("x400", "x.400"):
        return ""
    match = ADDRESS.search(re.sub(r"^[<\s]*(?:smtp|mailto|rfc822)[:=]", "", text, flags=re.IGNORECASE))
    return match[1] if match and ".." not in match[1] else ""


def _name(value: str) -> str:
    return one_line(value.rpartition(";")[2])[:255]


def _recipient_report(
    *, address: str, final: str, action: Action, status: str, said: str, around: str, remote: str
) -> RecipientReport:
    """`around` is the notice for people, which often says more than the fields."""
    if status[2:] in ("", "0.0") and action is Action.FAILED:
        # Many say 5.0.0 for everything, and the true status in the text.
        status = status_in(said) or status or status_in(around)
    code = code_in(said) or code_in(around)
    cause = cause_of(status, said)
    if cause in (Cause.UNKNOWN, Cause.POLICY, Cause.SYSTEM) and action is Action.FAILED:
        closer = cause_of(status, around)
        cause = (
            closer if cause is Cause.UNKNOWN or closer in (Cause.MAILBOX_FULL, Cause.USER_UNKNOWN) else cause
        )
    return RecipientReport(
        address=address,
        final=final,
        action=action,
        bounce=bounce_class(action, status, code, cause),
        cause=Cause.UNKNOWN if action in (Action.DELIVERED, Action.RELAYED, Action.EXPANDED) else cause,
        enhanced_status=status,
        code=code,
        text=said or one_line(around)[:500],
        remote_mta=remote,
    )


# What the words for people say.


def _by_words(pieces: Pieces, own: Fields, text: str, failed: str) -> list[RecipientReport]:
    writers, readers = _writers(pieces, own), _readers(own)
    addresses = [match[1] for match in ADDRESS.finditer(failed[:10_000])]
    addresses = addresses or notice.addresses_in(text, writers, readers)
    if not addresses:
        addresses = notice.addresses_in(decoded(own.get("subject", "")), writers, readers)
    if not addresses:
        domain = first_address(own.get("from", "")).rpartition("@")[2].lower()
        addresses = [f"{name}@{domain}" for name in notice.bare_names_in(text) if domain]
    if not addresses:
        addresses = _only_recipient(pieces)
    action = Action.DELAYED if notice.is_late(text) else Action.FAILED
    return [
        _recipient_report(
            address=address,
            final="",
            action=action,
            status=status_in(near),
            said=one_line(near) if len(addresses) > 1 else "",
            around=text if len(addresses) == 1 else near,
            remote="",
        )
        for address, near in zip(addresses, _passages(text, addresses), strict=True)
    ] or [
        _recipient_report(
            address="", final="", action=action, status=status_in(text), said="", around=text, remote=""
        )
    ]


def _passages(text: str, addresses: list[str]) -> list[str]:
    """Return for each address what is said from its first mention to that of the next."""
    if len(addresses) == 1:
        return [text]
    lowered = text.lower()
    starts = [max(0, lowered.find(address.lower())) for address in addresses]
    ends = [min((s for s in starts if s > start), default=len(text)) for start in starts]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _only_recipient(pieces: Pieces) -> list[str]:
    """Return to whom the returned mail went, where its header names one, and is no list's."""
    returned = pieces.returned or {}
    if any(name in returned for name in ("list-id", "x-beenthere", "list-post", "newsgroups")):
        return []
    for name in ("x-original-to", "delivered-to", "to"):
        found = [match[1] for match in ADDRESS.finditer(decoded(returned.get(name, "")))]
        if found:
            return found if len(found) == 1 and "cc" not in returned else []
    return []


def _readers(own: Fields) -> frozenset[str]:
    return _all_of(own, ("to", "cc", "delivered-to", "envelope-to"))


def _writers(pieces: Pieces, own: Fields) -> frozenset[str]:
    """Return those who wrote the notice, and the returned mail."""
    names = ("from", "sender", "return-path", "reply-to", "errors-to")
    return _all_of(own, names) | _all_of(pieces.returned or {}, (*names, "message-id"))


def _all_of(fields: Fields, names: Iterable[str]) -> frozenset[str]:
    values = (fields.get(name, "")[:4_000] for name in names)
    return frozenset(match[1].casefold() for value in values for match in ADDRESS.finditer(value))


# Receipts, complaints, answers.


def _receipt(pieces: Pieces, own: Fields, text: str) -> MailReport:
    group: Fields = {}
    for each in pieces.receipt:
        group = {**each, **group}
    match = _DISPOSITION.match(group.get("disposition", ""))
    disposition = match[1].lower() if match else ""
    final = _recipient(group.get("final-recipient", "")) or first_address(own.get("from", ""))
    original = _recipient(group.get("original-recipient", ""))
    if disposition in _REFUSED and notice.is_refusal(text, _signs(pieces)):
        # Dovecot's and Cyrus' way to refuse a mail after it was taken: a receipt that says "deleted".
        return _dsn(
            pieces,
            [
                _recipient_report(
                    address=original or final,
                    final="",
                    action=Action.FAILED,
                    status=status_in(text),
                    said="",
                    around=text,
                    remote="",
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


def _is_plain_feedback(pieces: Pieces) -> bool:
    """Whether a provider passes a complaint on without the format: Microsoft's programme adds a field."""
    return pieces.returned is not None and "x-hmxmroriginalrecipient" in pieces.returned


def _feedback(pieces: Pieces) -> MailReport:
    group: Fields = {}
    for each in pieces.feedback:
        group = {**each, **group}
    returned = pieces.returned or {}
    candidates = (
        group.get("original-rcpt-to", ""),
        group.get("removal-recipient", ""),
        returned.get("x-hmxmroriginalrecipient", ""),
        returned.get("to", ""),
    )
    address = next(
        (found for value in candidates if (found := first_address(value) or _recipient(value))), ""
    )
    return MailReport(
        kind=ReportKind.FEEDBACK,
        recipients=(_nothing_wrong(address),) if address else (),
        about=_about(pieces),
        reporter=one_line(group.get("user-agent", ""))[:255] or _reporter(pieces),
        feedback_type=one_line(group.get("feedback-type", "abuse")).lower()[:40],
    )


def _answer(pieces: Pieces, own: Fields, signs: Signs) -> MailReport:
    if is_automatic(pieces.header, signs.subject, null_path=signs.null_path):
        kind = ReportKind.AUTO_REPLY
    elif is_reply(pieces.header):
        kind = ReportKind.REPLY
    else:
        return MailReport(kind=ReportKind.NONE)
    address = first_address(own.get("from", ""))
    references = (
        *_MESSAGE_ID.findall(own.get("in-reply-to", "")[:10_000]),
        *reversed(_MESSAGE_ID.findall(own.get("references", "")[:50_000])),
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
        by_daemon=notice.is_daemon(address),
        by_office=notice.is_office(address),
        by_name=notice.is_system_name(sender),
        # A From that names nobody stands for the null path.
        null_path=path == "<>" or sender.endswith("<>") or notice.is_daemon(first_address(path)),
        answers="in-reply-to" in own or "references" in own,
        listed=any(name in own for name in ("list-id", "list-unsubscribe", "list-post")),
        returned=pieces.returned is not None,
        reports=pieces.report_type == "delivery-status",
    )


def _reporter(pieces: Pieces) -> str:
    for group in pieces.status:
        if name := group.get("reporting-mta", ""):
            return _name(name)
    return first_address(_own(pieces).get("from", "")).rpartition("@")[2].lower()[:255]


def _about(pieces: Pieces, message_id: str = "") -> ReturnedMessage:
    returned = pieces.returned or {}
    ids = _MESSAGE_ID.findall(message_id or returned.get("message-id", ""))
    envelope = next((g["original-envelope-id"] for g in pieces.status if "original-envelope-id" in g), "")
    return ReturnedMessage(
        message_id=ids[0] if ids else "",
        envelope_id=one_line(envelope)[:200],
        sender=first_address(returned.get("from", "")),
        recipient=first_address(returned.get("to", "")),
        subject=decoded(returned.get("subject", "")),
        references=tuple(_MESSAGE_ID.findall(_own(pieces).get("in-reply-to", "")[:10_000]))[:10],
    )


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
