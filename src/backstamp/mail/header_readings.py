"""header_readings: what mail programs with other habits than ours read in a header section."""

import re
from typing import Final

import msgspec

from backstamp.mail.content import Content, Doubt, content_values
from backstamp.mail.defects import Defect
from backstamp.mail.encodings.transfer import is_identity
from backstamp.mail.header_section import (
    HeaderSection,
    read_past_strays,
    read_strictly,
    read_to_blank_line,
    read_to_line_feeds,
)
from backstamp.mail.multipart import LINK_SIGN

_BARE_CR: Final = re.compile(rb"\r(?!\n)")
_BLANK_LINE: Final = re.compile(rb"\n[ \t]++[\r\n]")
_MOST_READ_ON: Final = 1000
"""Fields and stray lines, beyond those we know, that are looked at; where there are more, there is doubt."""
_OF_DOUBT: Final = {
    Doubt.TYPE: Defect.TYPE_IN_DOUBT,
    Doubt.SPELLING: Defect.ODDLY_SPELLED,
    Doubt.CONTRADICTION: Defect.CONTRADICTING_FIELDS,
}


class OtherReadings(msgspec.Struct):
    """Where other programs part from our reading, and how many fields had to be read to find it out."""

    defects: set[Defect] = set()
    fields_read: int = 0

    def take(
        self,
        raw: bytes,
        ours: HeaderSection,
        content: Content,
        other: HeaderSection,
        defect: Defect,
        in_doubt: Defect = Defect.HEADER_IN_DOUBT,
    ) -> None:
        """Note what another reading of a header means: `defect` where only the body's start differs.

        `in_doubt` where it says something else of the body.
        """
        self.fields_read += len(other.fields)
        moved = other.body_start != ours.body_start and not (
            is_identity(content.cte) or content.cte == "quoted-printable"
        )
        if other.cut or moved or content_values(other) != content_values(ours):
            # Base64 that begins elsewhere may be other text altogether.
            self.defects.add(in_doubt)
            return
        start, end = sorted((ours.body_start, other.body_start))
        between = raw[start:end]
        # More text before the body shows nothing new, unless it is markup of HTML, begins a part, is a field
        # of the message within, or is not in ours.
        if (
            (b"<" in between and "htm" in content.media_type)
            or (content.media_type.startswith("message/") and between.strip())
            or (b"--" in between and content.media_type.startswith("multipart/"))
            or (other.body_start < ours.body_start and LINK_SIGN.search(between))
        ):
            self.defects.add(defect)


_NONE: Final = OtherReadings()


def is_cut(raw: bytes, header: HeaderSection, limit: int, end: int) -> bool:
    """Whether the end of the header section of a part was not seen, for its size or its number of fields.

    It was read up to `limit`, and its part ends at `end`.
    """
    if header.cut:
        return True
    if limit == end:
        return False
    if header.orderly:
        return header.end >= limit - 1
    return raw.find(b"\n", header.end, limit) < 0 and raw.find(b"\r", header.end, limit) < 0


def content_defects(content: Content) -> set[Defect]:
    """Return the defects that stand for the doubts about content fields."""
    return {_OF_DOUBT[doubt] for doubt in content.doubts}


def reads_alike(raw: bytes, header: HeaderSection) -> bool:
    """Whether all programs find the same fields: no stray or blank line, blank before a colon, or bare CR."""
    section = raw[header.start : header.body_start]
    return (
        header.orderly
        and not _has_blank_before_colon(section)
        and _BARE_CR.search(section) is None
        and _BLANK_LINE.search(section) is None
    )


def other_readings(
    raw: bytes, header: HeaderSection, content: Content, limit: int, *, has_lf: bool
) -> OtherReadings:
    """Return where programs part from us at lines that are no fields, or not to all, and at a CR without LF.

    `has_lf`: some line of the message ends in LF. Where none does, a CR can only be a line end.
    """
    if reads_alike(raw, header):
        return _NONE
    start, end, most = header.start, header.body_start, len(header.fields) + _MOST_READ_ON
    section = raw[start:end]
    found = OtherReadings()
    if not header.orderly:
        other = read_past_strays(raw, start, limit, most)
        found.take(raw, header, content, other, Defect.HEADER_BROKEN_OFF)
        section = raw[start : max(end, other.body_start)]
    if _has_blank_before_colon(section):
        found.take(raw, header, content, read_strictly(raw, start, limit, most), Defect.HEADER_BROKEN_OFF)
    if _BLANK_LINE.search(section):
        # Few programs part here from the standard, so nothing is left alone for their sake.
        other = read_to_blank_line(raw, start, limit, most)
        broken_off = Defect.HEADER_BROKEN_OFF
        found.take(raw, header, content, other, broken_off, in_doubt=broken_off)
    if has_lf and _BARE_CR.search(section):
        found.take(raw, header, content, read_to_line_feeds(raw, start, limit, most), Defect.BARE_CR)
    return found


def _has_blank_before_colon(section: bytes) -> bool:
    return b" :" in section or (b"\t" in section and b"\t:" in section)
