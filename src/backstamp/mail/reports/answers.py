"""Answers: whether a machine gave one (RFC 3834, and what machines do that do not know it), or a person."""

import re
from typing import Final

from backstamp.mail.header_section import HeaderSection
from backstamp.mail.reports.phrases import saying

_ANSWERS: Final = re.compile(
    r"\A(?:\s*(?:re|aw|sv|antw?|odp|r|回复|答复|返信)\s*(?:\[\d{1,4}\])?\s*[:：]\s*){1,5}", re.IGNORECASE
)
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
    precedence = (header.first(b"precedence") or "").strip().lower()
    if precedence == "auto_reply":
        return True
    listed = bool(names & _LISTS)
    bare = _ANSWERS.sub("", subject)
    if saying("automatic").match(bare) is not None and not listed:
        return True
    answered = bool(names & {b"in-reply-to", b"references"}) or bare != subject
    # Who answers with the null path cannot be answered: no person's program does so.
    unanswerable = null_path or submitted.startswith("auto-generated") or b"x-auto-response-suppress" in names
    if unanswerable and answered:
        return True
    # Programs from before RFC 3834 call their answers bulk, and so do lists.
    by_machine = unanswerable or precedence in ("bulk", "junk")
    return by_machine and not listed and saying("away").search(subject) is not None


def is_reply(header: HeaderSection) -> bool:
    """Whether a person answers with this mail, as far as its header tells."""
    names = {field.name for field in header.fields}
    return bool(names & {b"in-reply-to", b"references"}) and not names & _LISTS
