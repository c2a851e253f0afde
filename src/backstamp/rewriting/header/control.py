"""control: the header fields by which a sender or a program asks for tracking on or off."""

import re
from typing import Final

import msgspec

from backstamp.mail.facts import facts_header
from backstamp.mail.header_section import Field, HeaderSection

OPENS_FIELD: Final = b"x-backstamp-opens"
LINKS_FIELD: Final = b"x-backstamp-links"
CONTROL_FIELDS: Final = frozenset({OPENS_FIELD, LINKS_FIELD})
_MAX_HEADER_BYTES: Final = 256 * 1024
_STRAY: Final = re.compile(rb"^(x-backstamp-(?:opens|links))[ \t]*:", re.IGNORECASE | re.MULTILINE)
_EMPTY_LINE: Final = re.compile(rb"\n\r?\n|\r\r")


class ControlFields(msgspec.Struct, frozen=True):
    """What `X-Backstamp-Opens` and `X-Backstamp-Links` say: None where the field is not there."""

    opens: bool | None = None
    links: bool | None = None


def control_fields(raw: bytes, header: HeaderSection | None = None) -> ControlFields:
    """Return what the control fields of a message say; `header` is its `facts_header`, if read already.

    Whatever is not `on` counts as off, and so does a field that is there twice with different values:
    who wrote it meant to say something about tracking, and doubt is settled for privacy. A line that is no
    field ends the section, though its author went on writing fields: one of ours among them, up to the first
    empty line, counts as off.
    """
    header = header or facts_header(raw)
    opens, links = _switch(header.all(OPENS_FIELD)), _switch(header.all(LINKS_FIELD))
    if not header.orderly:
        limit = header.body_start + _MAX_HEADER_BYTES
        empty = _EMPTY_LINE.search(raw, header.body_start, limit)
        end = empty.start() if empty else limit
        stray = {match[1].lower() for match in _STRAY.finditer(raw, header.body_start, end)}
        opens = False if OPENS_FIELD in stray else opens
        links = False if LINKS_FIELD in stray else links
    return ControlFields(opens, links)


def _switch(fields: list[Field]) -> bool | None:
    if not fields:
        return None
    return all(field.value.lower() == "on" for field in fields)
