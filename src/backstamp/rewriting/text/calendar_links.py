"""calendar_links: web addresses in a calendar entry (RFC 5545), to be listed: a reader may click on them."""

import re
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.text.flowed import Unflowed
from backstamp.rewriting.text.text_links import find_text_links

_FOLD: Final = re.compile(r"(?:\r\n|\n|\r)[ \t]")
_NOT_SHOWN: Final = re.compile(r"^(?:TZURL|UID|PRODID)[:;][^\r\n]*", re.IGNORECASE | re.MULTILINE)
"""Properties that name something by an address, which no program shows: half of all entries have a TZURL."""


def calendar_links(text: str) -> list[FoundLink]:
    """Return the addresses in a calendar entry, in order: those of folded lines whole (RFC 5545 §3.1)."""
    view = Unflowed.without(text, _FOLD)
    shown = _NOT_SHOWN.sub(lambda line: " " * len(line[0]), view.text)
    # In a text value a backslash and an n end a line (§3.3.11); both have two characters.
    links = find_text_links(shown.replace("\\n", " \n").replace("\\N", " \n"))
    for link in links:
        link.start, link.end = view.source_span(link.start, link.end)
        # Commas and semicolons are escaped there, and X-ALT-DESC is HTML.
        link.value = re.sub(r"\\([,;\\])", r"\1", link.value).replace("&amp;", "&")
    return links
