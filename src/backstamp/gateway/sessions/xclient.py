"""xclient: what a trusted client tells of its own client (Postfix XCLIENT_README and XFORWARD_README)."""

import re
from typing import Final

from backstamp.gateway.access import parse_address
from backstamp.gateway.protocol.commands import SYNTAX, RefusedError
from backstamp.gateway.protocol.xtext import decode_xtext, is_xtext
from backstamp.gateway.relaying.onward import XFORWARD_ATTRIBUTES

XCLIENT_ATTRIBUTES: Final = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT")
LONGEST: Final = 255
"""Characters of a value (XFORWARD_README), and of a host name; a longer one is as good as none.

Postfix hands on what any client calls itself in HELO, "=" unescaped, and behind `smtpd_proxy_filter` takes no
mail of the client whose name is refused (451 at every try).
"""
_ATTRIBUTE: Final = re.compile(r"([A-Za-z]{1,16})=([^\x00-\x20\x7f]+)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_UNKNOWN: Final = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})


def read_xclient(argument: str) -> dict[str, str]:
    """Return the attributes of XCLIENT; an unknown one has an empty value. Raises `RefusedError`."""
    return _read(argument, XCLIENT_ATTRIBUTES)


def read_xforward(argument: str) -> dict[str, str]:
    """Return the attributes of XFORWARD; an unknown one has an empty value. Raises `RefusedError`."""
    return _read(argument, XFORWARD_ATTRIBUTES)


def _read(argument: str, known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in argument.split():
        match = _ATTRIBUTE.fullmatch(word)
        if match is None or match[1].upper() not in known or not is_xtext(match[2].replace("=", "")):
            raise RefusedError(SYNTAX)
        name, value = match[1].upper(), decode_xtext(match[2])
        if value.upper() in _UNKNOWN or len(value) > LONGEST:
            value = ""
        elif _CONTROL.search(value):
            raise RefusedError(SYNTAX)
        elif name in ("ADDR", "DESTADDR"):
            value = value[5:] if value.upper().startswith("IPV6:") else value
            if parse_address(value) is None:
                raise RefusedError(SYNTAX)
        found[name] = value
    if not found:
        raise RefusedError(SYNTAX)
    return found
