"""commands: what a client says, taken apart and checked (RFC 5321 §4.1, RFC 3461 §4, RFC 6531 §3).

What an address may look like is for the next hop to say, as long as nothing in it can be taken for another
command or parameter. Our own MTA hands over what it has accepted: whatever we refuse it sends back, to a
reverse path that a stranger chose. Postfix takes control characters, UTF-8 without SMTPUTF8 and, with
`smtputf8_enable = no`, any octets.
"""

import re
from typing import Final

import msgspec

from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.protocol.xtext import is_xtext

MAX_COMMAND: Final = 12_288
"""Octets of a command line with its end: RFC 4954 §4 says so for AUTH. Postfix takes an address of 2,000
octets, and names it again as ORCPT, where each of them may become three."""
MAX_ENVID: Final = 100
"""RFC 3461 §4.4. A longer one is not handed on, nor a longer ORCPT: Postfix makes one of any address."""
MAX_ORCPT: Final = 500
"""RFC 3461 §4.2."""
MOST_RECIPIENTS: Final = 10_000
"""RFC 5321 §4.5.3.1.8 asks for 100 at least; the next hop's own limit comes first."""

_VERB: Final = re.compile(r"([A-Za-z]{4,12})(?:[ \t]+(.*))?[ \t]*", re.DOTALL)
_PATH: Final = re.compile(
    r"[ \t]*(?:<((?:\"(?:[^\"\\\x00\r\n]|\\[^\x00\r\n])*\"|\\[^\x00\r\n]|[^\x00\t\r\n <>\"\\])*)>"
    r"|([^\x00-\x20\x7f<>\"]+))(?=[ \t]|$)"
)
_SPACE: Final = re.compile(r"[ \t]+")
_PARAMETER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20\x7f]+))?")
_ROUTE: Final = re.compile(r"@[^:]*:")
_ORCPT: Final = re.compile(r"[^;]+;.+")
_NOTIFY: Final = frozenset({"SUCCESS", "FAILURE", "DELAY"})

_WEB_REQUEST: Final = re.compile(rb"[A-Z]+ \S+ HTTP/[0-9.]+[ \t]*")

SYNTAX: Final = reply(501, "5.5.4 Syntax error in the parameters")
UNKNOWN: Final = reply(500, "5.5.2 Command not recognised")
NOT_OFFERED: Final = reply(555, "5.5.4 A parameter of an extension that is not offered")
TOO_MANY_RECIPIENTS: Final = reply(452, "4.5.3 Too many recipients in one transaction")


class RefusedError(Exception):
    """The command cannot be carried out; `reply` says why."""

    def __init__(self, answer: Reply) -> None:
        super().__init__(answer.text)
        self.reply = answer


class Parameter(msgspec.Struct, frozen=True):
    """An ESMTP parameter: `name` in upper case, its value or None, and as it was written."""

    name: str
    value: str | None
    written: str


class Mailbox(msgspec.Struct, frozen=True):
    """A path of MAIL or RCPT without its angle brackets, and the parameters behind it."""

    path: str
    parameters: tuple[Parameter, ...] = ()

    @property
    def address(self) -> str:
        """The mail address in the path, as `address_of` gives it."""
        return address_of(self.path)

    def parameter(self, name: str) -> str | None:
        """Return the value of a parameter ("" where it has none), or None when it is not there."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter.value or ""
        return None


def address_of(path: str) -> str:
    """Return the mail address: the path without a source route, which is ignored (RFC 5321 §4.1.1.3).

    Octets that are no UTF-8, surrogates in `path`, are written as backslash, "x" and two hexadecimal digits:
    no record can hold them.
    """
    address = _ROUTE.sub("", path, count=1) if path.startswith("@") else path
    return address.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def is_web_request(line: bytes) -> bool:
    """Return whether a line is the first one of an HTTP request (RFC 9112 §3)."""
    return _WEB_REQUEST.fullmatch(line) is not None


def parse_command(line: bytes) -> tuple[str, str]:
    """Return the verb in upper case and its argument. Raises `RefusedError`."""
    match = _VERB.fullmatch(line.decode("utf-8", "surrogateescape"))
    if match is None or "\0" in (match[2] or ""):
        raise RefusedError(UNKNOWN)
    return match[1].upper(), (match[2] or "").rstrip(" \t")


def parse_mail(argument: str, offered: frozenset[str]) -> Mailbox:
    """Read the argument of MAIL; `offered` are the EHLO keywords of this session. Raises `RefusedError`."""
    mailbox = _mailbox(argument, "FROM:")
    for parameter in mailbox.parameters:
        _check_mail(parameter, offered)
    return _without_longer(mailbox, "ENVID", MAX_ENVID)


def parse_rcpt(argument: str, offered: frozenset[str]) -> Mailbox:
    """Read the argument of RCPT; `offered` as of `parse_mail`. Raises `RefusedError`."""
    mailbox = _mailbox(argument, "TO:")
    if not mailbox.path:
        raise RefusedError(reply(501, "5.1.3 The forward path is empty"))
    for parameter in mailbox.parameters:
        _check_rcpt(parameter, offered)
    return _without_longer(mailbox, "ORCPT", MAX_ORCPT)


def _mailbox(argument: str, keyword: str) -> Mailbox:
    if argument[: len(keyword)].upper() != keyword:
        raise RefusedError(reply(501, f"5.5.4 Write {keyword}<address>"))
    rest = argument[len(keyword) :]
    match = _PATH.match(rest)
    if match is None:
        raise RefusedError(
            reply(501, "5.1.7 Bad address syntax" if keyword == "FROM:" else "5.1.3 Bad address syntax")
        )
    parameters = []
    for word in filter(None, _SPACE.split(rest[match.end() :])):
        read = _PARAMETER.fullmatch(word)
        if read is None:
            raise RefusedError(SYNTAX)
        parameters.append(Parameter(read[1].upper(), read[2], word))
    if len({parameter.name for parameter in parameters}) != len(parameters):
        raise RefusedError(SYNTAX)
    path = match[1] if match[1] is not None else match[2]
    return Mailbox(path, tuple(parameters))


def _without_longer(mailbox: Mailbox, name: str, most: int) -> Mailbox:
    """Leave a parameter out whose value is longer: a report is less exact then, and no mail is lost."""
    value = mailbox.parameter(name)
    if value is None or len(value) <= most:
        return mailbox
    return Mailbox(mailbox.path, tuple(each for each in mailbox.parameters if each.name != name))


def _check_mail(parameter: Parameter, offered: frozenset[str]) -> None:
    value = parameter.value
    match parameter.name:
        case "SIZE":
            extension, good = "SIZE", value is not None and re.fullmatch(r"[0-9]{1,20}", value) is not None
        case "BODY":
            # Who offers SMTPUTF8 has 8BITMIME (RFC 6531 §3.1); Postfix counts on that where it is not named.
            extension = "SMTPUTF8" if "SMTPUTF8" in offered else "8BITMIME"
            good = (value or "").upper() in ("7BIT", "8BITMIME")
        case "SMTPUTF8":
            extension, good = "SMTPUTF8", value is None
        case "RET":
            extension, good = "DSN", (value or "").upper() in ("FULL", "HDRS")
        case "ENVID":
            # Postfix takes "=" here, which is no xtext, and hands it on from before its queue as it came.
            extension, good = "DSN", value is not None and is_xtext(value.replace("=", ""))
        case "AUTH":
            extension, good = "AUTH", value is not None and is_xtext(value)
        case _:
            raise RefusedError(NOT_OFFERED)
    _check(extension, offered, good)


def _check_rcpt(parameter: Parameter, offered: frozenset[str]) -> None:
    value = parameter.value or ""
    match parameter.name:
        case "NOTIFY":
            words = value.upper().split(",")
            good = words == ["NEVER"] or (set(words) <= _NOTIFY and len(set(words)) == len(words))
        case "ORCPT":
            # RFC 6533 §3 allows UTF-8 as it is beside xtext, so only the form is looked at.
            good = _ORCPT.fullmatch(value) is not None
        case _:
            raise RefusedError(NOT_OFFERED)
    _check("DSN", offered, good)


def _check(extension: str, offered: frozenset[str], good: bool) -> None:
    if extension not in offered:
        raise RefusedError(NOT_OFFERED)
    if not good:
        raise RefusedError(SYNTAX)
