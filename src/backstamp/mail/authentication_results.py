"""authentication_results: for which domains our own MTA vouches (RFC 8601)."""

import re
from collections.abc import Collection
from typing import Final

from backstamp.mail.header_section import HeaderSection

_MAX_FIELD: Final = 8192
_QUOTED: Final = '"'
"""Stands for a quoted string: what a stranger may have put into one is never read."""
_RESULT: Final = re.compile(r"\s*(dmarc|dkim)\s*(?:/\s*1\s*)?=\s*pass(?=\s|$)(.*)", re.IGNORECASE | re.DOTALL)
_DOMAIN: Final = r"([a-z0-9-]+(?:\.[a-z0-9-]+)*)\.?(?=\s|$)"
_LOCAL_PART: Final = r"(?:[^\s;\"@]*@)?"
_PROPERTY: Final = {
    "dmarc": re.compile(rf"(?:^|\s)header\.from\s*=\s*{_LOCAL_PART}{_DOMAIN}", re.IGNORECASE),
    "dkim": re.compile(rf"(?:^|\s)header\.(?:d\s*=\s*|i\s*=\s*[^\s;\"@]*@){_DOMAIN}", re.IGNORECASE),
}


def authentic_domains(header: HeaderSection, trusted_ids: Collection[str]) -> frozenset[str]:
    """Return the domains (lower case) that the Authentication-Results of our own MTA vouch for.

    Args:
        header: the message's header section.
        trusted_ids: the authserv-ids that our own MTA writes, in lower case. It removes strangers' fields
            with these names (RFC 8601 §5); fields with other names are not believed.

    Returns:
        The domains of From by `dmarc=pass`, and those that signed by `dkim=pass`. A field whose comments or
        quoted strings have no certain end is not believed, nor is anything in them: an MTA repeats there
        what a stranger wrote.
    """
    if not trusted_ids:
        return frozenset()
    found: set[str] = set()
    for field in header.all(b"authentication-results"):
        plain = _plain(field.value) if len(field.value) <= _MAX_FIELD else None
        identity, _, results = (plain or "").partition(";")
        words = identity.split()
        # An id may be followed by the version of the format, which is 1 (§2.2).
        if not words or words[0].lower() not in trusted_ids or words[1:] not in ([], ["1"]):
            continue
        for result in results.split(";"):
            match = _RESULT.match(result)
            if match is not None:
                domain = _PROPERTY[match[1].lower()].search(match[2])
                if domain is not None:
                    found.add(domain[1].lower())
    return frozenset(found)


def _plain(text: str) -> str | None:
    """Return a field body without comments, a mark for each quoted string; None where an end is in doubt.

    RFC 5322 §3.2.2 and §3.2.4: comments nest, and a backslash takes the next character's meaning in both.
    """
    plain: list[str] = []
    depth = 0
    quoted = escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            quoted = character != '"'
        elif depth and character == '"':
            # An MTA that repeats an address in a comment lets its quotes hide the comment's end.
            return None
        elif depth:
            depth += {"(": 1, ")": -1}.get(character, 0)
        elif character == '"':
            quoted = True
            plain.append(_QUOTED)
        elif character == "(":
            depth = 1
            plain.append(" ")
        else:
            plain.append(character)
    return None if quoted or depth or escaped else "".join(plain)
