"""authentication_results: for which domains our own MTA vouches (RFC 8601)."""

import re
from collections.abc import Collection
from typing import Final

from backstamp.mail.header_section import read_header_section

_MAX_HEADER_BYTES: Final = 256 * 1024
_MAX_FIELD: Final = 8192
_COMMENT: Final = re.compile(r"\([^()]*\)")
_NESTED: Final = 5
_RESULT: Final = re.compile(r"\s*(dmarc|dkim)\s*(?:/\s*1\s*)?=\s*pass\b(.*)", re.IGNORECASE | re.DOTALL)
_PROPERTY: Final = {
    "dmarc": re.compile(r"\bheader\.from\s*=\s*\"?(?:[^\s;\"]*@)?([a-z0-9.-]+)", re.IGNORECASE),
    "dkim": re.compile(r"\bheader\.(?:d\s*=\s*|i\s*=\s*\"?[^\s;\"]*@)\"?([a-z0-9.-]+)", re.IGNORECASE),
}


def authentic_domains(raw: bytes, trusted_ids: Collection[str]) -> frozenset[str]:
    """Return the domains (lower case) that the Authentication-Results of our own MTA vouch for.

    Args:
        raw: the message; any bytes.
        trusted_ids: the authserv-ids that our own MTA writes, in lower case. It removes strangers' fields
            with these names (RFC 8601 §5); fields with other names are not believed.

    Returns:
        The domains of From by `dmarc=pass`, and those that signed by `dkim=pass`.
    """
    if not trusted_ids:
        return frozenset()
    header = read_header_section(raw, 0, min(len(raw), _MAX_HEADER_BYTES))
    found: set[str] = set()
    for field in header.all(b"authentication-results"):
        identity, _, results = _without_comments(field.value[:_MAX_FIELD]).partition(";")
        words = identity.split()
        # An id may be followed by the version of the format, which is 1 (§2.2).
        if not words or words[0].strip('"').lower() not in trusted_ids or words[1:] not in ([], ["1"]):
            continue
        for result in results.split(";"):
            match = _RESULT.match(result)
            if match is not None:
                domain = _PROPERTY[match[1].lower()].search(match[2])
                if domain is not None:
                    found.add(domain[1].lower().rstrip("."))
    return frozenset(found)


def _without_comments(text: str) -> str:
    for _ in range(_NESTED):
        text, count = _COMMENT.subn(" ", text)
        if not count:
            break
    return text
