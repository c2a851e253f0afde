"""Whom a report is about, and what became of the copy: from fields for machines, or words for people."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

from backstamp.mail.header_text import decoded, first_address, one_line
from backstamp.mail.reports import notice
from backstamp.mail.reports.bounce_class import bounce_class, tells_nothing
from backstamp.mail.reports.causes import (
    Found,
    blames_the_sender,
    cause_of,
    find_cause,
    names_a_policy,
    refuses_by_a_rule,
)
from backstamp.mail.reports.field_values import address_in_field, moment_in, name_in, without_xtext
from backstamp.mail.reports.notice import ADDRESS
from backstamp.mail.reports.outcome import of_all, outcome, refuses_for_good
from backstamp.mail.reports.phrases import saying
from backstamp.mail.reports.pieces import Fields, Pieces
from backstamp.mail.reports.replies import answer_at, code_in, status_in
from backstamp.mail.reports.words import Action, Cause, RecipientReport

MOST_RECIPIENTS: Final = 100
_BLANK_LINE: Final = re.compile(r"\n[ \t]*(?:\n|$)")
_LETTERS: Final = re.compile(r"\w{2}")
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


# What the fields for machines say.


def is_recipient(group: Fields) -> bool:
    """Whether a group of fields is about a recipient (RFC 3464 §2.3)."""
    return "action" in group or _names_one(group)


def _names_one(group: Fields) -> bool:
    return any(name in group for name in ("final-recipient", "original-recipient", "x-actual-recipient"))


def _groups(status: list[Fields]) -> list[Fields]:
    """Return the groups that are about recipients.

    Some put the action beside the fields of the message: it is that of the recipients then, of nobody else.
    """
    groups = [group for group in status if is_recipient(group)][:MOST_RECIPIENTS]
    named = [group for group in groups if _names_one(group)]
    if not named or len(named) == len(groups):
        return groups
    action = next(group["action"] for group in groups if not _names_one(group))
    return [{"action": action, **group} for group in named]


def by_status(pieces: Pieces, own: Fields, text: str) -> list[RecipientReport]:
    """Return what the fields for machines say; `text` is the notice for people beside them."""
    found: dict[str, RecipientReport] = {}
    groups = _groups(pieces.status)
    aliases = notice.aliases_in(text) if any("original-recipient" not in group for group in groups) else {}
    # Asked once: a hundred times, of 64 KB, it took 10 s.
    of_the_rest = cache(lambda: of_all(text))
    for group in groups:
        final = address_in_field(group.get("final-recipient", ""))
        original = address_in_field(group.get("original-recipient", ""))
        actual = address_in_field(group.get("x-actual-recipient", ""))
        if without_xtext(original).casefold() == final.casefold():
            original = final
        address = original or aliases.get(final.casefold(), final) or actual
        if not address and len(groups) == 1:
            # It names nobody by a mail address: a name in X.400, or a local user.
            address = named_alone(pieces, own, text)
        # What the text says of others says nothing of this one.
        around = text if len(groups) == 1 else _passage(text, {address, final} - {""})
        said = one_line(group.get("diagnostic-code", ""))
        recipient = recipient_report(
            address=address,
            final=final if final.casefold() != address.casefold() else "",
            action=_action(group, of_the_rest),
            status=status_in(group.get("status", "")),
            said=re.sub(r"^[\w-]{1,30}\s*;\s*", "", said, count=1),
            around=around,
            last_attempt_us=moment_in(group.get("last-attempt-date", "")),
            remote=name_in(group.get("remote-mta", "")),
        )
        key = address.casefold()
        # Exchange tells of the same recipient in several groups; the first that failed counts.
        if key not in found or (found[key].action is not Action.FAILED and recipient.action is Action.FAILED):
            found[key] = recipient
    return list(found.values())


def _passage(text: str, names: set[str]) -> str:
    """Return what is said behind the first mention of a recipient, up to the next address of another."""
    lowered = text.lower()
    starts = [start for name in names if (start := lowered.find(name.lower())) >= 0]
    if not starts:
        return ""
    known = {name.casefold() for name in names}
    start = min(starts)
    others = (m.start() for m in ADDRESS.finditer(text, start) if m[1].casefold() not in known)
    return text[start : next(others, len(text))]


def _action(group: Fields, of_the_rest: Callable[[], Action]) -> Action:
    word = re.match(r"[a-z]*", group.get("action", "").strip().lower())
    known = _ACTIONS.get(word[0]) if word else None
    if known is not None:
        return known
    status = group.get("status", "").strip()
    if status.startswith(("2", "5")):
        return Action.DELIVERED if status[0] == "2" else Action.FAILED
    refused = refuses_for_good(one_line(group.get("diagnostic-code", "")))
    return Action.FAILED if refused else of_the_rest()


def recipient_report(
    *,
    address: str,
    action: Action,
    status: str,
    around: str,
    final: str = "",
    said: str = "",
    remote: str = "",
    last_attempt_us: int = 0,
    understood: bool = True,
    guessed: bool = False,
) -> RecipientReport:
    """Return what is said of a recipient, with its cause and class.

    `said` is what a server said; `around` the notice for people, which often says more. `understood`: a
    word or a field says that the copy came back, or a server's code does. `guessed` goes into what is
    returned.
    """
    if status[2:] in ("", "0.0") and action is Action.FAILED:
        # Many say 5.0.0 for everything, and the true status in the text.
        status = status_in(said) or status or status_in(around)
    code = code_in(said) or code_in(around)
    found = find_cause(status, said)
    if action is Action.FAILED:
        found = _with_the_notice(found, status, said, around)
    if status or code:
        understood = not tells_nothing(said or around)
    arrived = action in (Action.DELIVERED, Action.RELAYED, Action.EXPANDED)
    return RecipientReport(
        address=address,
        final=final,
        guessed=guessed,
        action=action,
        bounce=bounce_class(action, status, code, found.cause, understood=understood),
        cause=Cause.UNKNOWN if arrived else found.cause,
        because="" if arrived else found.by,
        enhanced_status=status,
        code=code,
        text=said or one_line(around)[:500],
        remote_mta=remote,
        last_attempt_us=last_attempt_us,
    )


def _with_the_notice(found: Found, status: str, said: str, around: str) -> Found:
    """Return why, where a server may have said less than the notice for people that stands around it."""
    unsure = found.cause in (Cause.UNKNOWN, Cause.POLICY, Cause.SYSTEM)
    if not unsure or blames_the_sender(status, said):
        return found
    # By its own words: the status was heard already. As a beginning it would make a reply of the notice, and
    # any notice speaks of a message.
    told = find_cause("", around)
    if found.cause is Cause.UNKNOWN:
        return told
    by_a_rule = names_a_policy(status) or refuses_by_a_rule(status, said)
    full = told.cause is Cause.MAILBOX_FULL and not told.by_code
    believed = full or (told.cause is Cause.USER_UNKNOWN and not by_a_rule)
    return told if believed else found


# What the words for people say.


def by_words(pieces: Pieces, own: Fields, text: str, failed: str) -> list[RecipientReport]:
    """Return what the words for people say; `failed` is the field that names the recipients, or ""."""
    writers, readers = _writers(pieces, own), _readers(own)
    addresses = [match[1] for match in ADDRESS.finditer(failed[:10_000])]
    addresses = addresses or notice.addresses_in(text, writers, readers)
    if not addresses:
        addresses = notice.addresses_in(decoded(own.get("subject", "")), writers, readers)
    guessed = not addresses
    if not addresses:
        domain = first_address(own.get("from", "")).rpartition("@")[2].lower()
        addresses = [f"{name}@{domain}" for name in notice.bare_names_in(text) if domain]
    if not addresses:
        shown = _if_one(notice.shown_recipients_in(text))
        # What is shown may be the notice's own header.
        addresses = only_recipient(pieces) or [each for each in shown if each.casefold() not in readers]
    subject = decoded(own.get("subject", ""))
    # A daemon's list in a language that is not known here may tell of anything.
    understood = failed != "" or saying("failed").search(f"{subject}\n{text}") is not None
    # Asked once, as in `by_status`: a hundred times it took 3 s.
    rest = of_all(text) if addresses else Action.FAILED
    aliases = notice.aliases_in(text)
    return [
        recipient_report(
            address=aliases.get(address.casefold(), address),
            final=address if address.casefold() in aliases else "",
            action=Action.FAILED if refuses_for_good(near) else rest,
            status=status_in(near),
            said=_answer_in(near),
            around=near,
            understood=understood,
            guessed=guessed,
        )
        for address, near in zip(addresses, _passages(text, addresses), strict=True)
    ] or [_of_nobody(text, subject, understood)]


def _of_nobody(text: str, subject: str, understood: bool) -> RecipientReport:
    """Return what a notice says that names nobody; where its text says nothing either, its subject does."""
    told = text if saying("failed").search(text) else f"{subject}\n{text}"
    return recipient_report(
        address="", action=outcome(told, told), status=status_in(text), around=text, understood=understood
    )


def _answer_in(passage: str) -> str:
    """Return what a server answered: from the line that has its code up to the next that is blank, or ""."""
    at = answer_at(passage)
    if at is None:
        return ""
    end = _BLANK_LINE.search(passage, at)
    return one_line(passage[passage.rfind("\n", 0, at) + 1 : end.start() if end else len(passage)])


def _passages(text: str, addresses: list[str]) -> list[str]:
    """Return for each address what is said of it: from its line up to that of the next.

    A reason may stand below several, or above all of them.
    """
    if not addresses:
        return []
    lowered = text.lower()
    found = [_mention(lowered, address.lower()) for address in addresses]
    lines = [lowered.rfind("\n", 0, start) + 1 for start in found]
    starts = lines if len(set(lines)) == len(lines) else found
    passages = [text[start : min((s for s in starts if s > start), default=len(text))] for start in starts]
    for at in sorted(range(len(addresses)), key=starts.__getitem__, reverse=True):
        below = min(
            (n for n in range(len(addresses)) if starts[n] > starts[at]), key=starts.__getitem__, default=at
        )
        if not _LETTERS.search(passages[at].lower().replace(addresses[at].lower(), "")):
            passages[at] += passages[below] if below != at else ""
    above = text[: min(starts)]
    return [each if _tells(each) else f"{each}\n{above}" for each in passages]


def _mention(text: str, address: str) -> int:
    """Return where an address stands first in a text, as a whole; 0 where it does not."""
    at = text.find(address)
    while at > 0 and (text[at - 1].isalnum() or text[at - 1] in "._+-"):
        at = text.find(address, at + len(address))
    return max(0, at)


def _tells(passage: str) -> bool:
    return answer_at(passage) is not None or cause_of("", passage) is not Cause.UNKNOWN


def named_alone(pieces: Pieces, own: Fields, text: str) -> str:
    """Return whom the notice for people names, or "" where it names nobody, or several."""
    named = notice.addresses_in(text, _writers(pieces, own), _readers(own))
    return named[0] if len(named) == 1 else ""


def only_recipient(pieces: Pieces) -> list[str]:
    """Return to whom the returned mail went, where its header names one, and is no list's."""
    returned = pieces.returned or {}
    if any(name in returned for name in ("list-id", "x-beenthere", "list-post", "newsgroups")):
        return []
    for name in ("x-original-to", "delivered-to", "to"):
        found = [match[1] for match in ADDRESS.finditer(decoded(returned.get(name, "")))]
        if found:
            return _if_one(found) if "cc" not in returned else []
    return []


def _if_one(addresses: list[str]) -> list[str]:
    """Return the address, if all are the same: `"bob@example.net" <bob@example.net>` is one recipient."""
    return addresses[:1] if len({address.casefold() for address in addresses}) == 1 else []


def _readers(own: Fields) -> frozenset[str]:
    return _all_of(own, ("to", "cc", "delivered-to", "envelope-to"))


def _writers(pieces: Pieces, own: Fields) -> frozenset[str]:
    """Return those who wrote the notice, and the returned mail."""
    names = ("from", "sender", "return-path", "reply-to", "errors-to")
    return _all_of(own, names) | _all_of(pieces.returned or {}, (*names, "message-id"))


def _all_of(fields: Fields, names: Iterable[str]) -> frozenset[str]:
    values = (fields.get(name, "")[:4_000] for name in names)
    return frozenset(match[1].casefold() for value in values for match in ADDRESS.finditer(value))
