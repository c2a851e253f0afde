"""header_end: where the header of a part ends, and whether that is so with new URLs in the part, too."""

import re
from typing import Final

from backstamp.mail.structure import Part
from backstamp.rewriting.deciding.candidates import Candidates

_FIELD_NAME: Final = re.compile(rb"[!-9;-~]*")
_EMPTY_LINE: Final = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")


def may_become_a_field(raw: bytes, part: Part) -> bool:
    """Whether what is put into a part might be read as a part of its header, wherever it is put.

    Without an empty line before it, a text that begins with `www.x` would begin with the field `https:`;
    so would HTML that begins with `<a/href=x>`, where a base makes an address of that.
    """
    header = part.header
    if header.body_start != header.end:
        return False
    if header.fields and header.end == part.end:
        # What is put behind it would be a part of the last field.
        return True
    beginning = raw[header.end : header.end + 100].split(maxsplit=1)
    return bool(beginning) and (b"www." in beginning[0].lower() or b"=" in beginning[0])


def moves_header_end(raw: bytes, part: Part, links: Candidates) -> bool:
    """Whether the header of a part would end elsewhere to some programs, were these links replaced."""
    return _takes_header_end(raw, part, links) or _begins_a_field(raw, part, links)


def _takes_header_end(raw: bytes, part: Part, links: Candidates) -> bool:
    """Whether a link holds the empty line at which a header that broke off ends for some programs.

    Were it replaced they would read on to the next one: their body would begin elsewhere, or nowhere.
    """
    header = part.header
    if header.orderly:
        return False
    ending = _EMPTY_LINE.search(raw, header.end, part.end)
    if ending is None:
        return False
    first, last = ending.span()
    return any(start < last and end > first for start, end in links.spans)


def _begins_a_field(raw: bytes, part: Part, links: Candidates) -> bool:
    """Whether the first new URL makes a field of the line that ended the header.

    As where a charset's shift stands within the scheme, which made it no field.
    """
    header = part.header
    if header.body_start != header.end:
        return False
    pairs = zip(links.decided, links.spans, strict=True)
    first = next((start for each, (start, _) in pairs if each.number is not None), None)
    return first is not None and _FIELD_NAME.fullmatch(raw, header.end, first) is not None
