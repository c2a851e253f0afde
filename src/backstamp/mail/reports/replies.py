"""What stands in a server's reply: its codes, and its words as they can be compared."""

import re
from typing import Final

from backstamp.mail.reports.phrases import saying, unwrapped

_STATUS: Final = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.]\d)")
_CODE: Final = re.compile(r"(?<![\d.@:#-])([45][0-57]\d)(?=[ -]|$)", re.MULTILINE)
"""A reply code (RFC 5321 §4.2.1; some use x7z); 465 and 587 are ports."""
LONGEST: Final = 2000
_LONGEST_REPLY: Final = 300
"""Characters of a reply: behind it the notice goes on, and may speak of anybody."""
_NAME: Final = r"[A-Za-z0-9\x80-\u0dff-]{1,63}"
_ADDRESS: Final = re.compile(rf"<?[^\s<>@\"'(),:;\[\]]{{1,128}}@{_NAME}(?:\.{_NAME}){{0,8}}>?")
"""An address: whose local part is "user" or "mailbox" says nothing of one."""
_OF_A_MACHINE: Final = re.compile(r"\b(?:ip(?:v[46])?|server)[- ]?address(?:es)?\b", re.IGNORECASE)
"""An address that nobody is written to: "your IP address is not known here" says nothing of a person."""
NO_REASON: Final = re.compile(
    r"\(in reply to [A-Z ()]{1,40}command\)|[\[(][^\s\[\]()]{1,100}[\])]", re.IGNORECASE
)
"""What Postfix adds to the reply that it quotes, and a server's name or number behind its own."""


def words_in(text: str) -> str:
    """Return what is said, without names: addresses are one word, and BAD_RECIPIENT is two."""
    return _OF_A_MACHINE.sub("ip", unwrapped(_ADDRESS.sub("x", text[:LONGEST])).replace("_", " "))


def reply_in(said: str) -> str:
    """Return the words of a reply, from its code on, without what stands in any; or ""."""
    reply = saying("at_rcpt").sub(" ", NO_REASON.sub("", said))
    at = answer_at(reply)
    return "" if at is None else reply[at : at + _LONGEST_REPLY]


def status_in(text: str) -> str:
    """Return the first enhanced status of a failure in a text, or ""."""
    match = _STATUS.search(text[:LONGEST])
    return f"{match[1]}.{int(match[2])}.{int(match[3])}" if match else ""


def code_in(text: str) -> int:
    """Return the first reply code of a failure in a text, or 0."""
    match = _CODE.search(text[:LONGEST])
    return int(match[1]) if match else 0


def answer_at(text: str) -> int | None:
    """Return where the first status or reply code of a failure stands in a text, or None."""
    found = (expression.search(text[:LONGEST]) for expression in (_STATUS, _CODE))
    return min((match.start() for match in found if match), default=None)
