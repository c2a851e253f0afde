"""control: the header fields by which a sender or a program asks for tracking on or off."""

from typing import Final

import msgspec

from backstamp.mail.header_section import Field, HeaderSection, read_header_section

OPENS_FIELD: Final = b"x-backstamp-opens"
LINKS_FIELD: Final = b"x-backstamp-links"
CONTROL_FIELDS: Final = frozenset({OPENS_FIELD, LINKS_FIELD})
_MAX_HEADER_BYTES: Final = 256 * 1024


class ControlFields(msgspec.Struct, frozen=True):
    """What `X-Backstamp-Opens` and `X-Backstamp-Links` say: None where the field is not there."""

    opens: bool | None = None
    links: bool | None = None


def control_fields(raw: bytes) -> ControlFields:
    """Return what the control fields of a message say.

    Whatever is not `on` counts as off, and so does a field that is there twice with different values:
    who wrote it meant to say something about tracking, and doubt is settled for privacy.
    """
    return read_controls(read_header_section(raw, 0, min(len(raw), _MAX_HEADER_BYTES)))


def read_controls(header: HeaderSection) -> ControlFields:
    """Return what the control fields of this header section say."""
    return ControlFields(_switch(header.all(OPENS_FIELD)), _switch(header.all(LINKS_FIELD)))


def _switch(fields: list[Field]) -> bool | None:
    if not fields:
        return None
    return all(field.value.lower() == "on" for field in fields)
