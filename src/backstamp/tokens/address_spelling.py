"""address_spelling: which spellings of a mail address, and of its domain, are one."""

import re
from typing import Final

from ada_url import idna

LONGEST_DOMAIN: Final = 255
"""Octets (RFC 5321 §4.5.3.1.2)."""
_QUOTED_FOR_NOTHING: Final = re.compile(r"\"([\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*)\"")
"""A local part in quotation marks that would mean the same without."""


def one_spelling(address: str) -> str:
    """Return an address in the form in which two spellings of it are the same.

    Letter case does not matter: RFC 5321 §2.4 lets local parts differ by case, but no mail system in use
    relies on it, and one person must not have two consents. Nor do the root's dot, quotation marks around
    what needs none (§4.1.2), or whether the domain is spelled in Unicode or in ASCII (RFC 5890).
    """
    local_part, at, domain = address.strip().rstrip(".").rpartition("@")
    local_part = local_part.casefold()
    if match := _QUOTED_FOR_NOTHING.fullmatch(local_part):
        local_part = match[1]
    return f"{local_part}{at}{a_labels(domain.lower())}"


def a_labels(domain: str) -> str:
    """Return a lower-case domain in ASCII (UTS #46), or as it is where it cannot be written so.

    As browsers and Postfix do: Python's own codec is of 2003 (RFC 3490) and makes `strasse` of `straße`,
    which is another domain, of somebody else. The root's dot, if it is one in Unicode (`。`), goes too.
    """
    if domain.isascii() or len(domain) > LONGEST_DOMAIN or "\0" in domain:
        return domain
    try:
        name: str = idna.encode(domain).decode("ascii")
    except UnicodeError:
        return domain
    return name.rstrip(".") or domain
