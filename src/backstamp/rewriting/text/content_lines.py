"""content_lines: web addresses in a calendar entry (RFC 5545) or a visiting card (RFC 6350), to be listed."""

import re
from operator import attrgetter
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.text.flowed import Unflowed
from backstamp.rewriting.text.text_links import find_text_links
from backstamp.rewriting.text.unwrapped_addresses import unwrapped_addresses

_START: Final = attrgetter("start")
_DROPPED: Final = re.compile(r"(?:\r\n|\n|\r)[ \t]|\\(?=:)")
"""Folds, and the backslash that Apple's cards have before a colon."""
_NOT_SHOWN: Final = re.compile(r"^(?:TZURL|UID|PRODID|PHOTO|LOGO)[:;][^\r\n]*", re.IGNORECASE | re.MULTILINE)
"""Properties with an address that no program shows as a link: half of all entries have a TZURL."""
_UP_TO_VALUE: Final = re.compile(r"^[\w-]+(?:;[^:\r\n]*)?:", re.MULTILINE)


def content_line_links(text: str) -> list[FoundLink]:
    """Return the addresses in content lines, in order: those of folded lines whole (RFC 5545 §3.1).

    Those of other schemes too, which some programs open: `ATTACH:file://...`.
    """
    view = Unflowed.without(text, _DROPPED)
    shown = _NOT_SHOWN.sub(lambda line: " " * len(line[0]), view.text)
    # In a text value a backslash and an n end a line (§3.3.11); both have two characters.
    shown = shown.replace("\\n", " \n").replace("\\N", " \n")
    links = find_text_links(shown)
    values = _UP_TO_VALUE.sub(lambda name: " " * len(name[0]), shown)
    # A share is `\\\\host\\a` in a text value.
    others = unwrapped_addresses(values.replace("\\" * 4, "  \\\\"), links, names=False)
    for link in others:
        link.start, link.end = view.source_span(link.start, link.end)
    for link in links:
        link.start, link.end = view.source_span(link.start, link.end)
        # Commas and semicolons are escaped there, and X-ALT-DESC is HTML.
        link.value = re.sub(r"\\([,;\\])", r"\1", link.value).replace("&amp;", "&")
    return sorted([*links, *others], key=_START)
