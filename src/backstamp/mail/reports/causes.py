"""Why a copy was not delivered: from the enhanced status, the reply code, and the words of servers.

Status codes by RFC 3463 and the IANA registry of SMTP enhanced status codes; words as servers say them,
in the languages in which they are met.  The words come first where they are plain, since many servers
send 5.0.0, 5.7.1 or 550 for everything.
"""

import re
from functools import lru_cache
from typing import Final

from backstamp.mail.reports.phrases import causes, saying, unwrapped
from backstamp.mail.reports.words import Action, BounceClass, Cause

_STATUS: Final = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]\d)")
_CODE: Final = re.compile(r"(?<![\d.@:#-])([45][0-57]\d)(?=[ -]|$)", re.MULTILINE)
"""A reply code (RFC 5321 §4.2.1; some use x7z); 465 and 587 are ports."""

_BY_STATUS: Final = {
    "1.1": Cause.USER_UNKNOWN,
    "1.2": Cause.HOST_UNKNOWN,
    "1.3": Cause.USER_UNKNOWN,
    "1.4": Cause.USER_UNKNOWN,
    "1.6": Cause.MOVED,
    "1.7": Cause.POLICY,
    "1.8": Cause.POLICY,
    "1.10": Cause.USER_UNKNOWN,
    "2.1": Cause.DISABLED,
    "2.2": Cause.MAILBOX_FULL,
    "2.3": Cause.TOO_BIG,
    "2.4": Cause.SYSTEM,
    "3.1": Cause.SYSTEM,
    "3.4": Cause.TOO_BIG,
    "4.1": Cause.NETWORK,
    "4.2": Cause.NETWORK,
    "4.3": Cause.NETWORK,
    "4.4": Cause.HOST_UNKNOWN,
    "4.6": Cause.LOOP,
    "4.7": Cause.EXPIRED,
    "7.0": Cause.POLICY,
    "7.1": Cause.POLICY,
}
_BY_SUBJECT: Final = {
    "2": Cause.DISABLED,
    "3": Cause.SYSTEM,
    "4": Cause.NETWORK,
    "5": Cause.SYSTEM,
    "6": Cause.CONTENT,
    "7": Cause.POLICY,
}
_BY_CODE: Final = {
    **dict.fromkeys((500, 501, 502, 503, 504, 555), Cause.SYSTEM),
    **dict.fromkeys((530, 534, 535, 538), Cause.POLICY),
    552: Cause.MAILBOX_FULL,
    559: Cause.POLICY,
}
"""What reply codes are for, where nothing else tells (RFC 5321 §4.2.3, RFC 4954 §6).

550, 551, 553 and 554 are said of an address, too. 559 is Alibaba's, for its rules; where no user is meant
by it, its words say so."""

_THE_ADDRESS: Final = frozenset({Cause.USER_UNKNOWN, Cause.HOST_UNKNOWN, Cause.MOVED})
"""Causes that lie in the address itself."""
_OF_A_NAME: Final = {Cause.USER_UNKNOWN, Cause.HOST_UNKNOWN}
_OF_A_PERSON: Final = {Cause.USER_UNKNOWN, Cause.MOVED}
"""What a server says of its own user, and knows: where it says so for now only, it is not sure."""
_THE_SENDER: Final = frozenset({"1.7", "1.8"})
_OF_ANYTHING: Final = frozenset({"7.0", "7.1"})
_OF_NOTHING: Final = frozenset({"", "0.0"})
_NO_ANSWER_OF_DNS: Final = "4.3"
"""X.4.3: the directory, which is DNS here, could not be asked (RFC 3463 §3.5)."""
_PLAIN: Final = frozenset(
    {Cause.MAILBOX_FULL, Cause.HOST_UNKNOWN, Cause.USER_UNKNOWN, Cause.DISABLED, Cause.TOO_BIG, Cause.MOVED}
)
"""Causes whose words are believed before the status."""
_OF_A_MAILBOX: Final = frozenset({Cause.MAILBOX_FULL, Cause.TOO_BIG, Cause.SYSTEM, Cause.EXPIRED})
"""Causes for which a mailbox that is there is "unavailable"."""
_OTHERS: Final = frozenset({Cause.CONTENT, Cause.RATE, Cause.LOOP, Cause.NETWORK, Cause.SYSTEM})
"""Causes whose words leave no room for an address that is unknown."""
_LONGEST: Final = 2000
_LONGEST_REPLY: Final = 300
"""Characters of a reply: behind it the notice goes on, and may speak of anybody."""
_NAME: Final = r"[A-Za-z0-9\x80-\u0dff-]{1,63}"
_ADDRESS: Final = re.compile(rf"<?[^\s<>@\"'(),:;\[\]]{{1,128}}@{_NAME}(?:\.{_NAME}){{0,8}}>?")
"""An address: whose local part is "user" or "mailbox" says nothing of one."""
_OF_A_MACHINE: Final = re.compile(r"\b(?:ip(?:v[46])?|server)[- ]?address(?:es)?\b", re.IGNORECASE)
"""An address that nobody is written to: "your IP address is not known here" says nothing of a person."""
_WORD: Final = re.compile(r"\w{2}")
_NO_REASON: Final = re.compile(
    r"\(in reply to [A-Z ()]{1,40}command\)|[\[(][^\s\[\]()]{1,100}[\])]", re.IGNORECASE
)
"""What Postfix adds to the reply that it quotes, and a server's name or number behind its own."""
_NUMBERS: Final = re.compile(r"[\d.#]+|\bx\b")
"""Codes, and the word that stands for addresses."""
_URL: Final = re.compile(r"https?://\S{1,2000}", re.IGNORECASE)


@lru_cache(maxsize=64)
def cause_of(status: str, text: str) -> Cause:
    """Return why, from an enhanced status ("" where none) and the words around it."""
    said = _words(text)
    if blames_the_sender(status, said):
        return Cause.POLICY
    if status:
        said = f"{status} {said}"
    told = _told(status, said)
    by_status = _BY_STATUS.get(status[2:], Cause.UNKNOWN)
    meant = told if told in _PLAIN or by_status is Cause.UNKNOWN else by_status
    if meant in _OF_A_NAME and (status[2:] == _NO_ANSWER_OF_DNS or saying("passing").search(said)):
        return Cause.SYSTEM if meant is Cause.USER_UNKNOWN else Cause.NETWORK
    if told is Cause.USER_UNKNOWN and (other := _reason_beside(status, said)) is not None:
        return other
    if told in _PLAIN:
        # Of these two the words are easily mixed up: "host mx.example said: unknown user".
        return by_status if {told, by_status} == _OF_A_NAME else told
    if told is Cause.POLICY and saying("file_closed").search(said):
        return Cause.SYSTEM  # "Permission denied" is what a disk said, not a person.
    if status.startswith(("4", "5")):
        return _by_status_then_words(status, told, said)
    return _by_code(said) if told is Cause.UNKNOWN else told


def _reason_beside(status: str, said: str) -> Cause | None:
    """Return what is said beside the words for an unknown user, and means something else, or None."""
    if saying("unavailable").search(said):
        if _is_transient(status, said):
            return Cause.SYSTEM
        # The words of 550 itself, which stands for policy as well (RFC 5321 §4.2.3): a reason says more.
        if _is_policy(said):
            return Cause.POLICY
        if _BY_STATUS.get(status[2:]) in _OF_A_MAILBOX:
            return _BY_STATUS[status[2:]]
    return Cause.POLICY if refuses_by_a_rule(status, said) else None


def _by_status_then_words(status: str, told: Cause, said: str) -> Cause:
    """Return what a status says where the words are not plain; what these tell, where it says nothing."""
    _, subject, detail = status.split(".")
    known = _BY_STATUS.get(f"{subject}.{detail}")
    if known is Cause.USER_UNKNOWN and _is_another(told, said):
        return told  # Some say 5.1.1 of whatever they refuse: no person is unknown for a busy server.
    if known is not None and not (subject == "7" and told is not Cause.UNKNOWN):
        return known
    if told is not Cause.UNKNOWN:
        return told
    # X.1.0 is about some address, the sender's or the recipient's (RFC 3463 §3.2).
    return _by_code(said) if subject in ("0", "1") else _BY_SUBJECT.get(subject, Cause.UNKNOWN)


def _by_code(said: str) -> Cause:
    """Return what a reply code is for; of one that is for anything, what its words are about."""
    return _BY_CODE.get(code_in(said)) or _by_what_it_is_about(said)


def _by_what_it_is_about(said: str) -> Cause:
    """Return what a reply means that has a code, and words that no cause knows.

    One that speaks of the mail, or of who brings it, is no word about a user; one that speaks of a user, and
    denies nothing, is about a user who is there: "this mailbox is on hold".
    """
    reply = _reply_in(said)
    if saying("of_who_brings_it").search(reply):
        return Cause.POLICY
    if saying("of_a_person").search(reply):
        return Cause.UNKNOWN if saying("absence").search(reply) else Cause.DISABLED
    may_be = any(
        saying(name).search(reply) for name in ("of_a_person_elsewhere", "who_is_named", "other_script")
    )
    return Cause.POLICY if saying("of_the_mail").search(reply) and not may_be else Cause.UNKNOWN


def tells_nothing(text: str) -> bool:
    """Whether a reply of which no cause is known has words, and none that are about a user.

    Its code is for anything then: of 17 such replies among 405 that mail systems give, 2 meant a user.
    """
    reply = _reply_in(_words(text))
    if not _WORD.search(_NUMBERS.sub("", reply)):
        return False
    if any(saying(name).search(reply) for name in ("of_a_person", "of_a_person_elsewhere")):
        return False
    return saying("who_is_named").search(reply) is None or saying("absence").search(reply) is None


def _reply_in(said: str) -> str:
    """Return the words of a reply, from its code on, without what stands in any; or ""."""
    reply = saying("at_rcpt").sub(" ", _NO_REASON.sub("", said))
    at = answer_at(reply)
    return "" if at is None else reply[at : at + _LONGEST_REPLY]


def _told(status: str, said: str) -> Cause:
    """Return what words tell; of an unknown user, what they tell without words that look like one."""
    found = _found_in(said)
    if found is Cause.USER_UNKNOWN and _is_framed(status, said):
        found = _found_in(saying("at_rcpt").sub(" ", said))
    if found is Cause.USER_UNKNOWN and saying("removed_mail").search(said):
        # Somebody's rule did that, where nothing else is said.
        rest = _found_in(saying("removed_mail").sub(" ", said))
        found = Cause.POLICY if rest is Cause.UNKNOWN else rest
    return found


def _is_framed(status: str, said: str) -> bool:
    """Whether "recipient address rejected" is a frame around a reason, which alone tells.

    So Postfix says of recipients that it does not know, with 5.1.1, and around the words of any rule.
    """
    frame = saying("at_rcpt").search(said)
    if frame is None:
        return False
    return status[2:] in _OF_ANYTHING or (
        status[2:] in _OF_NOTHING and _WORD.search(_NO_REASON.sub("", said[frame.end() :])) is not None
    )


def _found_in(said: str) -> Cause:
    return next((cause for cause, words in causes() if words.search(said)), Cause.UNKNOWN)


@lru_cache(maxsize=64)
def blames_the_sender(status: str, text: str) -> bool:
    """Whether a server refused the sender: nothing is said of the recipient then, whatever else stands there.

    X.1.7 and X.1.8 are about the sender's address (RFC 3463 §3.2); many refuse it with the 5.1.0 or 5.1.1 of
    a recipient, and in the words with which they refuse one: "Sender address rejected: User unknown".
    """
    return status[2:] in _THE_SENDER or saying("sender_rejected").search(_words(text)) is not None


def refuses_by_a_rule(status: str, text: str) -> bool:
    """Whether status and words name a rule: filters quote the subject, which may be "Unknown user"."""
    return status[2:].startswith("7.") and _is_policy(_URL.sub("", text[:_LONGEST]))


def names_a_policy(status: str) -> bool:
    """Whether a status says by which rule a mail was refused, as 5.7.26 and Microsoft's 5.7.133 do.

    X.7.0 and X.7.1 do not: many servers say them of whatever they refuse.
    """
    return status[2:].startswith("7.") and status[2:] not in _OF_ANYTHING


def _words(text: str) -> str:
    """Return what is said, without names: addresses are one word, and BAD_RECIPIENT is two."""
    return _OF_A_MACHINE.sub("ip", unwrapped(_ADDRESS.sub("x", text[:_LONGEST])).replace("_", " "))


def _is_policy(said: str) -> bool:
    return saying("for_policy").search(said) is not None


def _is_another(found: Cause, said: str) -> bool:
    """Whether what was found is no unknown user, whatever the status, by words that are not a URL's."""
    if found is Cause.POLICY:
        return _is_policy(said)
    return found in _OTHERS and dict(causes())[found].search(_URL.sub("", said)) is not None


def _is_transient(status: str, text: str) -> bool:
    return (status or str(code_in(text))).startswith("4")


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


def status_in(text: str) -> str:
    """Return the first enhanced status of a failure in a text, or ""."""
    match = _STATUS.search(text[:_LONGEST])
    return f"{match[1]}.{int(match[2])}.{int(match[3])}" if match else ""


def code_in(text: str) -> int:
    """Return the first reply code of a failure in a text, or 0."""
    match = _CODE.search(text[:_LONGEST])
    return int(match[1]) if match else 0


def answer_at(text: str) -> int | None:
    """Return where the first status or reply code of a failure stands in a text, or None."""
    found = (expression.search(text[:_LONGEST]) for expression in (_STATUS, _CODE))
    return min((match.start() for match in found if match), default=None)
