"""Why a copy was not delivered: from the enhanced status, the reply code, and the words of servers.

Status codes by RFC 3463 and the IANA registry of SMTP enhanced status codes; words as servers say them,
in the languages in which they are met.  The words come first where they are plain, since many servers
send 5.0.0, 5.7.1 or 550 for everything.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from backstamp.mail.reports.phrases import causes, saying
from backstamp.mail.reports.replies import LONGEST, NO_REASON, code_in, reply_in, words_in
from backstamp.mail.reports.words import Cause

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

_OF_A_NAME: Final = {Cause.USER_UNKNOWN, Cause.HOST_UNKNOWN}
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
_WORD: Final = re.compile(r"\w{2}")
_OF_THE_CODE: Final = re.compile(r"\brequested (?:mail )?action (?:not taken|aborted)\b", re.IGNORECASE)
"""What 450, 451, 550 and 552 say anyhow (RFC 5321 §4.2.2): it denies nothing about a user."""
_URL: Final = re.compile(r"https?://\S{1,2000}", re.IGNORECASE)
_MOST_QUOTED: Final = 80


class Found(NamedTuple):
    """A cause, and by what it was found, in words for people; "" where nothing tells it.

    `by_code`: by what the reply code is for, which a status says better.
    """

    cause: Cause
    by: str = ""
    by_code: bool = False


_NOTHING: Final = Found(Cause.UNKNOWN)


def cause_of(status: str, text: str) -> Cause:
    """Return why, from an enhanced status ("" where none) and the words around it."""
    return find_cause(status, text).cause


@lru_cache(maxsize=64)
def find_cause(status: str, text: str) -> Found:
    """Return why, and what tells it, from an enhanced status ("" where none) and the words around it."""
    said = words_in(text)
    if blames_the_sender(status, said):
        words = saying("sender_rejected").search(said)
        by = _quoted(words) if words else f"the status {status}"
        return Found(Cause.POLICY, f"{by}, about who sends")
    if status:
        said = f"{status} {said}"
    told = _told(status, said)
    by_status = _by_status(status)
    meant = told if told.cause in _PLAIN or by_status is _NOTHING else by_status
    if meant.cause in _OF_A_NAME and (status[2:] == _NO_ANSWER_OF_DNS or saying("passing").search(said)):
        unsure = Cause.SYSTEM if meant.cause is Cause.USER_UNKNOWN else Cause.NETWORK
        return Found(unsure, f"{meant.by}, and other words say that it passes")
    if told.cause is Cause.USER_UNKNOWN and (other := _reason_beside(status, said)) is not None:
        return other
    if told.cause in _PLAIN:
        # Of these two the words are easily mixed up: "host mx.example said: unknown user".
        return by_status if {told.cause, by_status.cause} == _OF_A_NAME else told
    if told.cause is Cause.POLICY and (file := saying("file_closed").search(said)):
        return Found(Cause.SYSTEM, _quoted(file))  # "Permission denied" is what a disk said, not a person.
    if status.startswith(("4", "5")):
        return _by_status_then_words(status, told, said)
    return _by_code(said) if told is _NOTHING else told


def _quoted(match: re.Match[str]) -> str:
    return f'the words "{match[0].strip()[:_MOST_QUOTED]}"'


def _by_status(status: str) -> Found:
    cause = _BY_STATUS.get(status[2:])
    return _NOTHING if cause is None else Found(cause, f"the status {status}")


def _reason_beside(status: str, said: str) -> Found | None:
    """Return what is said beside the words for an unknown user, and means something else, or None."""
    rule = saying("for_policy").search(said)
    if missing := saying("unavailable").search(said):
        if _is_transient(status, said):
            return Found(Cause.SYSTEM, f"{_quoted(missing)}, for now")
        # The words of 550 itself, which stands for policy as well (RFC 5321 §4.2.3): a reason says more.
        if rule:
            return Found(Cause.POLICY, _quoted(rule))
        if (by_status := _by_status(status)).cause in _OF_A_MAILBOX:
            return by_status
    if refuses_by_a_rule(status, said):
        return Found(Cause.POLICY, f"the status {status}, and words for a rule")
    return None


def _by_status_then_words(status: str, told: Found, said: str) -> Found:
    """Return what a status says where the words are not plain; what these tell, where it says nothing."""
    _, subject, _ = status.split(".")
    known = _by_status(status)
    if known.cause is Cause.USER_UNKNOWN and _is_another(told.cause, said):
        return told  # Some say 5.1.1 of whatever they refuse: no person is unknown for a busy server.
    if known is not _NOTHING and not (subject == "7" and told is not _NOTHING):
        return known
    if told is not _NOTHING:
        return told
    # X.1.0 is about some address, the sender's or the recipient's (RFC 3463 §3.2).
    if subject in ("0", "1"):
        return _by_code(said)
    cause = _BY_SUBJECT.get(subject)
    return _NOTHING if cause is None else Found(cause, f"the status {status}")


def _by_code(said: str) -> Found:
    """Return what a reply code is for; of one that is for anything, what its words are about."""
    code = code_in(said)
    cause = _BY_CODE.get(code)
    if cause is None:
        return _by_what_it_is_about(said)
    return Found(cause, f"the reply code {code}", by_code=True)


def _by_what_it_is_about(said: str) -> Found:
    """Return what a reply means that has a code, and words that no cause knows.

    One that speaks of the mail, or of who brings it, is no word about a user; one that speaks of a user, and
    denies nothing, is about a user who is there: "this mailbox is on hold".
    """
    reply = _OF_THE_CODE.sub("", reply_in(said))
    if bringer := saying("of_who_brings_it").search(reply):
        return Found(Cause.POLICY, f"{_quoted(bringer)}, about who sends")
    if user := saying("of_a_person").search(reply):
        denied = saying("absence").search(reply) is not None
        return _NOTHING if denied else Found(Cause.DISABLED, f"{_quoted(user)}, and none that deny it")
    may_be = ("of_a_person_elsewhere", "who_is_named", "other_script")
    mail = saying("of_the_mail").search(reply)
    if mail is None or any(saying(name).search(reply) for name in may_be):
        return _NOTHING
    return Found(Cause.POLICY, f"{_quoted(mail)}, and none about a user")


def _told(status: str, said: str) -> Found:
    """Return what words tell; of an unknown user, what they tell without words that look like one."""
    found = _found_in(said)
    if found.cause is Cause.USER_UNKNOWN and _is_framed(status, said):
        found = _found_in(saying("at_rcpt").sub(" ", said))
    if found.cause is Cause.USER_UNKNOWN and (removed := saying("removed_mail").search(said)):
        # Somebody's rule did that, where nothing else is said.
        rest = _found_in(saying("removed_mail").sub(" ", said))
        found = Found(Cause.POLICY, _quoted(removed)) if rest is _NOTHING else rest
    return found


def _is_framed(status: str, said: str) -> bool:
    """Whether "recipient address rejected" is a frame around a reason, which alone tells.

    So Postfix says of recipients that it does not know, with 5.1.1, and around the words of any rule.
    """
    frame = saying("at_rcpt").search(said)
    if frame is None:
        return False
    return status[2:] in _OF_ANYTHING or (
        status[2:] in _OF_NOTHING and _WORD.search(NO_REASON.sub("", said[frame.end() :])) is not None
    )


def _found_in(said: str) -> Found:
    for cause, words in causes():
        if match := words.search(said):
            return Found(cause, _quoted(match))
    return _NOTHING


@lru_cache(maxsize=64)
def blames_the_sender(status: str, text: str) -> bool:
    """Whether a server refused the sender: nothing is said of the recipient then, whatever else stands there.

    X.1.7 and X.1.8 are about the sender's address (RFC 3463 §3.2); many refuse it with the 5.1.0 or 5.1.1 of
    a recipient, and in the words with which they refuse one: "Sender address rejected: User unknown".
    """
    return status[2:] in _THE_SENDER or saying("sender_rejected").search(words_in(text)) is not None


def refuses_by_a_rule(status: str, text: str) -> bool:
    """Whether status and words name a rule: filters quote the subject, which may be "Unknown user"."""
    return status[2:].startswith("7.") and _is_policy(_URL.sub("", text[:LONGEST]))


def names_a_policy(status: str) -> bool:
    """Whether a status says by which rule a mail was refused, as 5.7.26 and Microsoft's 5.7.133 do.

    X.7.0 and X.7.1 do not: many servers say them of whatever they refuse.
    """
    return status[2:].startswith("7.") and status[2:] not in _OF_ANYTHING


def _is_policy(said: str) -> bool:
    return saying("for_policy").search(said) is not None


def _is_another(found: Cause, said: str) -> bool:
    """Whether what was found is no unknown user, whatever the status, by words that are not a URL's."""
    if found is Cause.POLICY:
        return _is_policy(said)
    return found in _OTHERS and dict(causes())[found].search(_URL.sub("", said)) is not None


def _is_transient(status: str, text: str) -> bool:
    return (status or str(code_in(text))).startswith("4")
