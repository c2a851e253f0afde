"""header_section: where each header field begins and ends, without touching a byte (RFC 5322 §2.2)."""

import re
from typing import Final

import msgspec

_LINE_END: Final = rb"(?>\r\n|\n|\r)"
_FIELD: Final = re.compile(
    rb"([!-9;-~]+)[ \t]*:([^\r\n]*(?:" + _LINE_END + rb"[ \t][^\r\n]*)*)(?:" + _LINE_END + rb"|\Z)"
)
_LINE: Final = re.compile(rb"[^\r\n]*(?:" + _LINE_END + rb"|\Z)")


class Field(msgspec.Struct, frozen=True):
    """One header field: `name` in lower case, the span of all its lines, line end included, and its body."""

    name: bytes
    start: int
    end: int
    body: bytes

    @property
    def value(self) -> str:
        """The field body unfolded and stripped; bytes outside ASCII become lone surrogates."""
        return unfold(self.body)


class HeaderSection(msgspec.Struct, frozen=True):
    """A header section: its fields, where the body begins, and whether it was whole.

    `orderly` is False when a line that is no field ended it: mail programs disagree whether
    the body begins there or the line is to be passed over.
    """

    fields: tuple[Field, ...]
    start: int
    end: int
    body_start: int
    orderly: bool = True

    def all(self, name: bytes) -> list[Field]:
        """Return every field of that lower-case name, in order."""
        return [field for field in self.fields if field.name == name]

    def first(self, name: bytes) -> str | None:
        """Return the unfolded body of the first field of that lower-case name, or None."""
        for field in self.fields:
            if field.name == name:
                return field.value
        return None


def unfold(body: bytes) -> str:
    """Return a field body on one line; bytes outside ASCII become lone surrogates."""
    text = body.decode("ascii", "surrogateescape")
    if "\n" in text or "\r" in text:
        text = re.sub(r"[\r\n]+", "", text)
    return text.strip(" \t")


def read_header_section(raw: bytes, start: int, end: int) -> HeaderSection:
    """Return the header section that begins at `start`; nothing beyond `end` is read.

    An mbox separator line (`From ...`) before the first field is passed over. A line that is neither
    field nor empty ends the section, and the body begins with it.
    """
    fields: list[Field] = []
    position = start
    if raw.startswith((b"From ", b">From "), start, end):
        separator = _LINE.match(raw, start, end)
        assert separator is not None, "the pattern matches anything"
        position = separator.end()
    match_field = _FIELD.match
    while (match := match_field(raw, position, end)) is not None:
        name, body = match.groups()
        fields.append(Field(name.lower(), position, match.end(), body))
        position = match.end()
    section_end = position
    orderly = True
    if raw.startswith(b"\r\n", position, end):
        position += 2
    elif position < end and raw[position] in b"\r\n":
        position += 1
    elif position < end:
        orderly = False
    return HeaderSection(tuple(fields), start, section_end, position, orderly)
