"""domain_spelling: a mail domain in Unicode and in ASCII is one domain (RFC 5890)."""

from typing import Final

LONGEST_DOMAIN: Final = 255
"""Octets (RFC 5321 §4.5.3.1.2)."""


def a_labels(domain: str) -> str:
    """Return a lower-case domain in ASCII (RFC 5890), or as it is where it cannot be written so."""
    if domain.isascii() or len(domain) > LONGEST_DOMAIN:
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain
