"""Answers: whether a machine gave one (RFC 3834, and what machines do that do not know it), or a person."""

import re
from typing import Final

from backstamp.mail.header_section import HeaderSection
from backstamp.mail.reports.phrases import saying

_ANSWER: Final = re.compile(r"\bre\s*:", re.IGNORECASE)
_MARKS: Final = frozenset(
    {
        *(b"x-autoreply", b"x-autorespond", b"x-autoreply-from", b"x-mail-autoreply", b"x-vacation"),
        *(b"x-ms-exchange-generated-message-source", b"x-auto-reply", b"autoreply"),
    }
)
_LISTS: Final = frozenset({b"list-id", b"list-unsubscribe", b"list-post"})


def is_automatic(header: HeaderSection, subject: str, *, null_path: bool) -> bool:
    """Whether a mail is the answer of a machine. `null_path`: it came with the null reverse path."""
    submitted = (header.first(b"auto-submitted") or "").strip().lower()
    if submitted.startswith("auto-replied"):
        return True
    names = {field.name for field in header.fields}
    if names & _MARKS:
        return True
    if (header.first(b"precedence") or "").strip().lower() == "auto_reply":
        return True
    answered = bool(names & {b"in-reply-to", b"references"}) or _ANSWER.search(subject) is not None
    if saying("automatic").search(subject) is not None and not names & _LISTS:
        return True
    # Who answers with the null path cannot be answered: no person's program does so.
    return answered and (null_path or submitted.startswith("auto-generated"))


def is_reply(header: HeaderSection) -> bool:
    """Whether a person answers with this mail, as far as its header tells."""
    names = {field.name for field in header.fields}
    return bool(names & {b"in-reply-to", b"references"}) and not names & _LISTS
