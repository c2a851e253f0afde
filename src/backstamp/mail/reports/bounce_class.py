"""Whether the address is to blame for a copy that came back, or the day, the mail, or nobody knows what."""

import re
from typing import Final

from backstamp.mail.reports.phrases import saying
from backstamp.mail.reports.replies import reply_in, words_in
from backstamp.mail.reports.words import Action, BounceClass, Cause

_THE_ADDRESS: Final = frozenset({Cause.USER_UNKNOWN, Cause.HOST_UNKNOWN, Cause.MOVED})
"""Causes that lie in the address itself."""
_OF_A_PERSON: Final = {Cause.USER_UNKNOWN, Cause.MOVED}
"""What a server says of its own user, and knows: where it says so for now only, it is not sure."""
_WORD: Final = re.compile(r"\w{2}")
_NUMBERS: Final = re.compile(r"[\d.#]+|\bx\b")
"""Codes, and the word that stands for addresses."""


def bounce_class(
    action: Action, status: str, code: int, cause: Cause, *, understood: bool = True
) -> BounceClass:
    """Return whether a recipient's copy came back, and whether the address is to blame.

    The class of a code says whether this mail may be tried again (RFC 3463 §2), which is another question: a
    full mailbox is refused with 5.2.2, spam with 5.7.1, and the person is there all the same; servers give up
    on a host that is not found with 4.4.x as with 5.4.x. But a server that calls its own user unknown with
    450 is not sure: it is being set up, or could not look. Where nothing tells the cause, the code decides,
    and where there is no code, who gave up gave up; if the words are known (`understood`).
    """
    if action is Action.DELAYED:
        return BounceClass.SOFT
    if action is not Action.FAILED:
        return BounceClass.OTHER
    if cause is Cause.UNKNOWN:
        if status.startswith("4") or 400 <= code < 500:
            return BounceClass.SOFT
        return BounceClass.HARD if understood else BounceClass.UNDETERMINED
    if cause in _OF_A_PERSON and (str(code) if code else status).startswith("4"):
        return BounceClass.SOFT
    return BounceClass.HARD if cause in _THE_ADDRESS else BounceClass.SOFT


def tells_nothing(text: str) -> bool:
    """Whether a reply of which no cause is known has words, and none that are about a user.

    Its code is for anything then: of 17 such replies among 405 that mail systems give, 2 meant a user.
    """
    reply = reply_in(words_in(text))
    if not _WORD.search(_NUMBERS.sub("", reply)):
        return False
    if any(saying(name).search(reply) for name in ("of_a_person", "of_a_person_elsewhere")):
        return False
    return saying("who_is_named").search(reply) is None or saying("absence").search(reply) is None
