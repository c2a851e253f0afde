"""structure: the tree of body parts of a message, each with its spans in the raw bytes (RFC 2045, 2046).

Where mail programs may read a message differently from each other, the tree is one reading and its defects
say where others part from it.
"""

import re
from collections.abc import Callable
from typing import Final

import msgspec

from backstamp.mail.content import Content, FieldTooLongError, content_values, read_content
from backstamp.mail.defects import Defect
from backstamp.mail.encodings.transfer import is_identity
from backstamp.mail.header_readings import content_defects, is_cut, other_readings
from backstamp.mail.header_section import (
    MAX_FIELDS,
    HeaderSection,
    read_header_section,
    read_past_strays,
)
from backstamp.mail.multipart import (
    LINK_SIGN,
    Division,
    TooManyPartsError,
    divide,
    divide_leniently,
    is_delimiter,
)

_EMPTY_LINES: Final = re.compile(rb"[\r\n]*")
_LIKE_DELIMITER: Final = re.compile(rb"(?:\A|(?<=[\r\n]))--([^\s-][^\r\n]{0,199}?)(?:--)?[ \t]*(?=[\r\n])")
_MESSAGE_TYPES: Final = frozenset({"message/rfc822", "message/global", "message/news"})
_PARTIAL_TOO: Final = _MESSAGE_TYPES | {"message/partial"}


class StructureLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the part tree.

    `depth` of nesting, number of `parts`, `header_bytes` of one header section, number of header `fields`
    in all parts together.
    """

    depth: int = 30
    parts: int = 1000
    header_bytes: int = 256 * 1024
    fields: int = MAX_FIELDS


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """How a program reads that is not as strict as the standards.

    `read_header` finds its fields. `last_counts`: of fields that are given twice the last one does.
    `divides_more`: whatever names a boundary, or is called a multipart, is divided, by the first delimiter
    that it seems to have where the boundary divides nothing; a line that begins or ends with a delimiter is
    one, parts behind the end are parts, and a part of a message is a message.
    """

    read_header: Callable[[bytes, int, int, int], HeaderSection] = read_header_section
    last_counts: bool = False
    divides_more: bool = False


BY_THE_STANDARDS: Final = Habits()


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


def parse_structure(raw: bytes, limits: StructureLimits, habits: Habits = BY_THE_STANDARDS) -> Part:
    """Return the part tree of a message. Raises `TooManyPartsError`; the rest is read as it can be.

    With other `habits` than those of the standards its defects say less: where it parts from the standards
    is not among them.
    """
    return _Reader(raw, limits, habits).read_part("1", 0, len(raw), 0, "text/plain")


class _Reader:
    def __init__(self, raw: bytes, limits: StructureLimits, habits: Habits) -> None:
        self._raw = raw
        self._limits = limits
        self._habits = habits
        self._count = 0
        self._room_for_fields = limits.fields
        self._ends_in_lf: bool | None = None

    def read_part(self, path: str, start: int, end: int, depth: int, default_type: str) -> Part:
        self._count += 1
        if self._count > self._limits.parts:
            raise TooManyPartsError(f"more than {self._limits.parts} parts")
        limit = min(end, start + self._limits.header_bytes)
        header = self._habits.read_header(self._raw, start, limit, self._room_for_fields)
        if self._habits.last_counts:
            header = msgspec.structs.replace(header, fields=header.fields[::-1])
        defects: set[Defect] = set()
        try:
            content = _UNREAD if is_cut(self._raw, header, limit, end) else read_content(header, default_type)
        except FieldTooLongError:
            content = _UNREAD
        if content is _UNREAD:
            defects.add(Defect.HEADER_TOO_BIG)
        elif self._habits is BY_THE_STANDARDS:
            defects |= content_defects(content)
            other = other_readings(self._raw, header, content, limit, has_lf=self._has_lf)
            defects |= other.defects
            self._room_for_fields -= other.fields_read
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

    @property
    def _has_lf(self) -> bool:
        """Whether any line of the message ends in LF; where none does, a CR can only be a line end."""
        if self._ends_in_lf is None:
            self._ends_in_lf = b"\n" in self._raw
        return self._ends_in_lf

    def _read_children(self, part: Part, depth: int, defects: set[Defect]) -> tuple[Part, ...]:
        if self._habits.divides_more and (part.is_multipart or part.boundary):
            return self._read_more(part, depth)
        if not part.is_multipart and self._has_delimiter(part):
            # nodemailer's mailparser divides whatever has a boundary, enmime what is no text.
            defects.add(Defect.TYPE_IN_DOUBT)
        types = _PARTIAL_TOO if self._habits.divides_more else _MESSAGE_TYPES
        is_message = part.media_type in types and is_identity(part.cte) and part.header.orderly
        # Where the header broke off nobody can say to which message the next fields belong.
        if not (part.is_multipart or is_message):
            is_like_message = part.media_type.startswith("message/") or _begins_with_empty_line(part.header)
            if is_like_message and self._begins_with_content_fields(part):
                # Some programs take any kind of message for a whole one, or pass over what stands first.
                defects.add(Defect.TYPE_IN_DOUBT)
            return ()
        if depth >= self._limits.depth:
            defects.add(Defect.TOO_DEEP)
            return ()
        if is_message:
            child = self.read_part(f"{part.path}.1", part.body_start, part.end, depth + 1, "text/plain")
            if part.header.first(b"content-type") is None and not _reads_alike_as_text(child):
                defects.add(Defect.TYPE_IN_DOUBT)
            return (child,)
        return self._read_multipart(part, depth, defects)

    def _read_more(self, part: Part, depth: int) -> tuple[Part, ...]:
        """Return the parts that a lenient program may find."""
        boundary = part.boundary
        if not self._has_delimiter(part):
            first = _LIKE_DELIMITER.search(self._raw, part.body_start, part.end)
            boundary = first[1] if first is not None else b""
        if not boundary or depth >= self._limits.depth:
            return ()
        room = self._limits.parts - self._count
        spans = divide_leniently(self._raw, part.body_start, part.end, boundary, room)
        return self._read_parts(part, spans, depth)

    def _has_delimiter(self, part: Part) -> bool:
        boundary = part.boundary
        return bool(boundary) and self._raw.find(b"--" + boundary, part.body_start, part.end) >= 0

    def _begins_with_content_fields(self, part: Part) -> bool:
        """Whether a body begins with content fields, behind empty lines or lines that are no fields, too."""
        limit = min(part.end, part.body_start + self._limits.header_bytes)
        beginning = _EMPTY_LINES.match(self._raw, part.body_start, limit)
        assert beginning is not None, "no empty lines match too"
        header = read_past_strays(self._raw, beginning.end(), limit, self._room_for_fields)
        self._room_for_fields -= len(header.fields)
        return header.cut or bool(content_values(header))

    def _read_multipart(self, part: Part, depth: int, defects: set[Defect]) -> tuple[Part, ...]:
        boundary = part.boundary
        if not boundary:
            defects.add(Defect.NO_BOUNDARY)
            return ()
        division = divide(self._raw, part.body_start, part.end, boundary, self._limits.parts - self._count)
        if not division.spans:
            defects.add(Defect.NO_PARTS)
            return ()
        children = self._read_parts(part, division.spans, depth)
        self._doubt_division(part, division, children, defects)
        return children

    def _read_parts(self, part: Part, spans: list[tuple[int, int]], depth: int) -> tuple[Part, ...]:
        # RFC 2046 §5.1.5: the parts of a digest are messages unless they say otherwise.
        default_type = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        return tuple(
            self.read_part(f"{part.path}.{number}", first, last, depth + 1, default_type)
            for number, (first, last) in enumerate(spans, 1)
        )

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


def _reads_alike_as_text(message: Part) -> bool:
    """Whether a message of a digest shows the same links to a program that knows of no digests."""
    header = message.header
    return (
        message.media_type == "text/plain"
        and is_identity(message.cte)
        and LINK_SIGN.search(message.message, header.start, header.end) is None
    )


def _begins_with_empty_line(header: HeaderSection) -> bool:
    return not header.fields and header.orderly and header.body_start > header.end


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
