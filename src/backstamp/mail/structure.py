"""structure: the tree of body parts of a message, each with its spans in the raw bytes (RFC 2045, 2046).

Where mail programs may read a message differently from each other, the tree is one reading and its defects
say where others part from it.
"""

from enum import StrEnum
from typing import Final

import msgspec

from backstamp.mail.content import Content, Doubt, FieldTooLongError, content_values, read_content
from backstamp.mail.header_section import (
    MAX_FIELDS,
    HeaderSection,
    read_header_section,
    read_past_strays,
    read_to_line_feeds,
)
from backstamp.mail.multipart import Division, TooManyPartsError, divide, is_delimiter
from backstamp.mail.transfer import is_identity

_MESSAGE_TYPES: Final = frozenset({"message/rfc822", "message/global", "message/news"})


class Defect(StrEnum):
    """What is wrong with a part, where mail programs may read it differently from us."""

    HEADER_TOO_BIG = "header_too_big"
    HEADER_BROKEN_OFF = "header_broken_off"
    BARE_CR = "bare_cr"
    TYPE_IN_DOUBT = "type_in_doubt"
    ODDLY_SPELLED = "oddly_spelled"
    CONTRADICTING_FIELDS = "contradicting_fields"
    ENCODED_MULTIPART = "encoded_multipart"
    NO_BOUNDARY = "no_boundary"
    NO_PARTS = "no_parts"
    NOT_CLOSED = "not_closed"
    PARTS_AFTER_END = "parts_after_end"
    UNSURE_DELIMITERS = "unsure_delimiters"
    LINKS_OUTSIDE_PARTS = "links_outside_parts"
    TOO_DEEP = "too_deep"


class StructureLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the part tree.

    `depth` of nesting, number of `parts`, `header_bytes` of one header section, number of header `fields`
    in all parts together.
    """

    depth: int = 30
    parts: int = 1000
    header_bytes: int = 256 * 1024
    fields: int = MAX_FIELDS


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A body part. Spans are half-open offsets into the raw message, which is `message`.

    `path` is 1 for the message itself and 1.2 for its second part. `children` are the parts of a
    multipart or the message of a message/rfc822.
    """

    path: str
    message: bytes
    header: HeaderSection
    end: int
    media_type: str
    parameters: dict[str, str]
    cte: str
    disposition: str
    filename: str
    defects: frozenset[Defect]
    children: tuple["Part", ...] = ()

    @property
    def body_start(self) -> int:
        """Offset of the first octet of the body."""
        return self.header.body_start

    @property
    def is_multipart(self) -> bool:
        """Whether the part was read as a container of parts."""
        return self.media_type.startswith("multipart/")

    @property
    def charset_label(self) -> str:
        """The declared charset in lower case, or an empty string."""
        return self.parameters.get("charset", "").strip().lower()

    @property
    def boundary(self) -> bytes:
        """The boundary of a multipart, or nothing; blanks at its end are no part of it (RFC 2046 §5.1.1)."""
        return self.parameters.get("boundary", "").rstrip(" \t").encode("utf-8", "surrogateescape")


def parse_structure(raw: bytes, limits: StructureLimits) -> Part:
    """Return the part tree of a message. Raises `TooManyPartsError`; the rest is read as it can be."""
    return _Reader(raw, limits).read_part("1", 0, len(raw), 0, "text/plain")


class _Reader:
    def __init__(self, raw: bytes, limits: StructureLimits) -> None:
        self._raw = raw
        self._limits = limits
        self._count = 0
        self._room_for_fields = limits.fields
        self._ends_in_lf: bool | None = None

    def read_part(self, path: str, start: int, end: int, depth: int, default_type: str) -> Part:
        self._count += 1
        if self._count > self._limits.parts:
            raise TooManyPartsError(f"more than {self._limits.parts} parts")
        limit = min(end, start + self._limits.header_bytes)
        header = read_header_section(self._raw, start, limit, self._room_for_fields)
        defects: set[Defect] = set()
        try:
            content = _UNREAD if self._is_cut(header, limit, end) else read_content(header, default_type)
        except FieldTooLongError:
            content = _UNREAD
        if content is _UNREAD:
            defects.add(Defect.HEADER_TOO_BIG)
        else:
            self._doubt_header(header, content, limit, defects)
        self._room_for_fields -= len(header.fields)
        part = Part(
            path=path,
            message=self._raw,
            header=header,
            end=end,
            media_type=content.media_type,
            parameters=content.parameters,
            cte=content.cte,
            disposition=content.disposition,
            filename=content.filename,
            defects=frozenset(),
        )
        children = self._read_children(part, depth, defects) if content is not _UNREAD else ()
        if not defects and not children:
            return part
        return msgspec.structs.replace(part, defects=frozenset(defects), children=children)

    def _is_cut(self, header: HeaderSection, limit: int, end: int) -> bool:
        """Whether the end of the header section was not seen, for its size or its number of fields."""
        if header.cut:
            return True
        if limit == end:
            return False
        if header.orderly:
            return header.end >= limit - 1
        raw = self._raw
        return raw.find(b"\n", header.end, limit) < 0 and raw.find(b"\r", header.end, limit) < 0

    def _doubt_header(
        self, header: HeaderSection, content: Content, limit: int, defects: set[Defect]
    ) -> None:
        """Note where a program with other habits reads another header section, or other things in it."""
        if Doubt.TYPE in content.doubts:
            defects.add(Defect.TYPE_IN_DOUBT)
        if Doubt.SPELLING in content.doubts:
            defects.add(Defect.ODDLY_SPELLED)
        if Doubt.CONTRADICTION in content.doubts:
            defects.add(Defect.CONTRADICTING_FIELDS)
        raw, start, room = self._raw, header.start, self._room_for_fields
        if not header.orderly:
            other = read_past_strays(raw, start, limit, room)
            self._room_for_fields -= len(other.fields)
            strays = raw[header.end : other.body_start]
            # More text before the body shows nothing new, unless it is markup, or begins a part.
            if (
                other.cut
                or not other.orderly
                or b"<" in strays
                or (b"--" in strays and content.media_type.startswith("multipart/"))
                or content_values(other) != content_values(header)
            ):
                defects.add(Defect.HEADER_BROKEN_OFF)
        section_end = header.body_start
        bare = raw.count(b"\r", start, section_end) - raw.count(b"\r\n", start, section_end)
        if bare and self._has_lf:
            other = read_to_line_feeds(raw, start, limit, room)
            same = content_values(other) == content_values(header)
            if not same or other.body_start != header.body_start:
                defects.add(Defect.BARE_CR)

    @property
    def _has_lf(self) -> bool:
        """Whether any line of the message ends in LF; where none does, a CR can only be a line end."""
        if self._ends_in_lf is None:
            self._ends_in_lf = b"\n" in self._raw
        return self._ends_in_lf

    def _read_children(self, part: Part, depth: int, defects: set[Defect]) -> tuple[Part, ...]:
        is_message = part.media_type in _MESSAGE_TYPES and is_identity(part.cte) and part.header.orderly
        # Where the header broke off nobody can say to which message the next fields belong.
        if not (part.is_multipart or is_message):
            return ()
        if depth >= self._limits.depth:
            defects.add(Defect.TOO_DEEP)
            return ()
        if is_message:
            return (self.read_part(f"{part.path}.1", part.body_start, part.end, depth + 1, "text/plain"),)
        return self._read_multipart(part, depth, defects)

    def _read_multipart(self, part: Part, depth: int, defects: set[Defect]) -> tuple[Part, ...]:
        boundary = part.boundary
        if not boundary:
            defects.add(Defect.NO_BOUNDARY)
            return ()
        division = divide(self._raw, part.body_start, part.end, boundary, self._limits.parts - self._count)
        if not division.spans:
            defects.add(Defect.NO_PARTS)
            return ()
        # RFC 2046 §5.1.5: the parts of a digest are messages unless they say otherwise.
        default_type = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        children = tuple(
            self.read_part(f"{part.path}.{number}", first, last, depth + 1, default_type)
            for number, (first, last) in enumerate(division.spans, 1)
        )
        self._doubt_division(part, division, children, defects)
        return children

    def _doubt_division(
        self, part: Part, division: Division, children: tuple[Part, ...], defects: set[Defect]
    ) -> None:
        if not division.closed:
            defects.add(Defect.NOT_CLOSED)
        if division.parts_after_end:
            defects.add(Defect.PARTS_AFTER_END)
        if division.links_outside:
            defects.add(Defect.LINKS_OUTSIDE_PARTS)
        if division.at_bare_cr and self._has_lf:
            defects.add(Defect.BARE_CR)
        if not is_identity(part.cte):
            defects.add(Defect.ENCODED_MULTIPART)
        if part.parameters["boundary"].endswith((" ", "\t")) or not all(
            _divides(children, at) for at in division.near
        ):
            defects.add(Defect.UNSURE_DELIMITERS)


_UNREAD: Final = Content(media_type="text/plain", parameters={}, cte="", disposition="", filename="")


def _divides(parts: tuple[Part, ...], at: int) -> bool:
    """Whether the line at `at` is a delimiter of a multipart among these parts or inside them.

    Then a program that takes it for the outer delimiter finds the same parts, less deep.
    """
    for part in parts:
        if part.body_start <= at < part.end:
            if not part.children:
                return False
            mine = part.is_multipart and is_delimiter(part.message, at, part.end, part.boundary)
            return mine or _divides(part.children, at)
    return False
