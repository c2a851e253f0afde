"""structure: the tree of body parts of a message, each with its spans in the raw bytes (RFC 2045, 2046)."""

from enum import StrEnum
from typing import Final

import msgspec

from backstamp.mail.header_section import HeaderSection, read_header_section
from backstamp.mail.parameters import ParameterisedValue, parse_parameterised, without_comments

_AFTER_BOUNDARY_BLANK: Final = b" \t"
_MESSAGE_TYPES: Final = frozenset({"message/rfc822", "message/global", "message/news"})
_IDENTITY: Final = frozenset({"", "7bit", "8bit", "binary"})


class Defect(StrEnum):
    """What is wrong with a part, where mail programs may read it differently from us."""

    HEADER_BROKEN_OFF = "header_broken_off"
    CONTRADICTING_FIELDS = "contradicting_fields"
    NO_BOUNDARY = "no_boundary"
    NO_PARTS = "no_parts"
    NOT_CLOSED = "not_closed"
    PARTS_AFTER_END = "parts_after_end"
    TOO_DEEP = "too_deep"


class StructureLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of the part tree: nesting, number of parts, octets of one header section."""

    depth: int = 30
    parts: int = 1000
    header_bytes: int = 256 * 1024


class TooManyPartsError(ValueError):
    """The message has more parts than allowed."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A body part. Spans are half-open offsets into the raw message.

    `path` is 1 for the message itself and 1.2 for its second part. `children` are the parts of a
    multipart or the message of a message/rfc822.
    """

    path: str
    header: HeaderSection
    end: int
    media_type: str
    parameters: dict[str, str]
    cte: str
    disposition: str
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


def parse_structure(raw: bytes, limits: StructureLimits) -> Part:
    """Return the part tree of a message. Raises `TooManyPartsError`; the rest is read as it can be."""
    return _Reader(raw, limits).read_part("1", 0, len(raw), 0, "text/plain")


class _Reader:
    def __init__(self, raw: bytes, limits: StructureLimits) -> None:
        self._raw = raw
        self._limits = limits
        self._count = 0

    def read_part(self, path: str, start: int, end: int, depth: int, default_type: str) -> Part:
        self._count += 1
        if self._count > self._limits.parts:
            raise TooManyPartsError(f"more than {self._limits.parts} parts")
        header = read_header_section(self._raw, start, min(end, start + self._limits.header_bytes))
        defects: set[Defect] = set()
        if not header.orderly:
            defects.add(Defect.HEADER_BROKEN_OFF)
        content_type = _single(header, b"content-type", defects)
        media = parse_parameterised(content_type) if content_type else ParameterisedValue(default_type, {})
        media_type = media.value
        if media.repeated & {"charset", "boundary"}:
            defects.add(Defect.CONTRADICTING_FIELDS)
        cte = without_comments(_single(header, b"content-transfer-encoding", defects) or "")
        disposition = header.first(b"content-disposition") or ""
        children: tuple[Part, ...] = ()
        cte = cte.strip().lower()
        if media_type.startswith("multipart/"):
            if depth >= self._limits.depth:
                defects.add(Defect.TOO_DEEP)
            else:
                children = self._read_multipart(path, header.body_start, end, depth, media, defects)
        elif media_type in _MESSAGE_TYPES and cte in _IDENTITY and header.orderly:
            # Where the header broke off nobody can say to which message the next fields belong.
            if depth >= self._limits.depth:
                defects.add(Defect.TOO_DEEP)
            else:
                children = (self.read_part(f"{path}.1", header.body_start, end, depth + 1, "text/plain"),)
        elif "/" not in media_type:
            # RFC 2045 §5.2: a Content-Type that cannot be read is text/plain.
            media_type = default_type
        return Part(
            path=path,
            header=header,
            end=end,
            media_type=media_type,
            parameters=media.parameters,
            cte=cte,
            disposition=parse_parameterised(disposition).value if disposition else "",
            defects=frozenset(defects),
            children=children,
        )

    def _read_multipart(
        self, path: str, start: int, end: int, depth: int, media: ParameterisedValue, defects: set[Defect]
    ) -> tuple[Part, ...]:
        boundary = media.parameters.get("boundary", "").rstrip(" \t").encode("utf-8", "surrogateescape")
        if not boundary:
            defects.add(Defect.NO_BOUNDARY)
            return ()
        spans = self._split(start, end, boundary, defects)
        if not spans:
            defects.add(Defect.NO_PARTS)
        # RFC 2046 §5.1.5: the parts of a digest are messages unless they say otherwise.
        default_type = "message/rfc822" if media.value == "multipart/digest" else "text/plain"
        return tuple(
            self.read_part(f"{path}.{number}", first, last, depth + 1, default_type)
            for number, (first, last) in enumerate(spans, 1)
        )

    def _split(self, start: int, end: int, boundary: bytes, defects: set[Defect]) -> list[tuple[int, int]]:
        raw = self._raw
        needle = b"--" + boundary
        spans: list[tuple[int, int]] = []
        open_at: int | None = None
        closed = False
        position = start
        while (at := raw.find(needle, position, end)) >= 0:
            position = at + len(needle)
            if at > start and raw[at - 1] not in b"\r\n":
                continue
            closing = raw.startswith(b"--", position, end)
            after = position + 2 if closing else position
            while after < end and raw[after] in _AFTER_BOUNDARY_BLANK:
                after += 1
            if after < end and raw[after] not in b"\r\n":
                continue
            if closed:
                defects.add(Defect.PARTS_AFTER_END)
                break
            if open_at is not None:
                spans.append((open_at, max(open_at, _before_line_end(raw, at))))
                if len(spans) + self._count > self._limits.parts:
                    raise TooManyPartsError(f"more than {self._limits.parts} parts")
            position = after + 2 if raw.startswith(b"\r\n", after, end) else min(after + 1, end)
            open_at = None if closing else position
            closed = closing
        if open_at is not None:
            spans.append((open_at, end))
        if not closed and spans:
            defects.add(Defect.NOT_CLOSED)
        return spans


def _before_line_end(raw: bytes, at: int) -> int:
    """RFC 2046 §5.1.1: the line end before a delimiter belongs to the delimiter."""
    return at - 2 if raw[at - 2 : at] == b"\r\n" else at - 1


def _single(header: HeaderSection, name: bytes, defects: set[Defect]) -> str | None:
    fields = header.all(name)
    if not fields:
        return None
    first = fields[0].value
    if len(fields) > 1 and any(field.value != first for field in fields[1:]):
        defects.add(Defect.CONTRADICTING_FIELDS)
    return first
