"""header_links: web addresses in the header of received mail of which mail programs make buttons.

K-9, FairEmail, eM Client and Horde offer those of List-Unsubscribe and its like (RFC 2369), KMail those of
Archived-At (RFC 5064) too; Thunderbird shows Content-Base as the website of a message.  A redirect would lose
the POST of RFC 8058, and a signature may cover the field, so they stay; but they are listed, and judged.
"""

import re
from typing import Final

from backstamp.mail.header_section import HeaderSection
from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.reporting.manifest import Carrier

_FIELDS: Final = frozenset(
    {
        *(b"list-unsubscribe", b"list-subscribe", b"list-help", b"list-archive", b"list-post"),
        *(b"list-owner", b"archived-at", b"content-base"),
    }
)
_ADDRESS: Final = re.compile(
    r"<\s*(https?:[^<>]{1,8192})>|(?<![^\s,])(https?:[^\s<>,]{1,8192})", re.IGNORECASE
)
"""In brackets, as RFC 2369 wants it, or bare, as some write it and programs read it."""


def header_links(header: HeaderSection, most: int) -> list[FoundLink]:
    """Return so many of the web addresses in such fields at most, each with the span of its field."""
    found: list[FoundLink] = []
    for field in header.fields:
        if field.name not in _FIELDS:
            continue
        for match in _ADDRESS.finditer(field.value):
            if len(found) >= most:
                return found
            # White space is put in where a field is folded, and is to be dropped (RFC 2369 §2).
            value = "".join((match[1] or match[2]).split())
            found.append(FoundLink(field.start, field.end, value, Carrier.HEADER))
    return found
