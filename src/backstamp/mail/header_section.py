"""header_section: where each header field begins and ends, without touching a byte (RFC 5322 §2.2)."""

import re
from typing import Final

import msgspec

MAX_FIELDS: Final = 50_000
"""Real mail has about a hundred fields; each costs some 250 octets of memory, whatever its own length."""
_LINE_END: Final = rb"(?>\r\n|\n|\r)"
_FIELD: Final = re.compile(
    rb"([!-9;-~]+)[ \t]*:([^\r\n]*(?:" + _LINE_END + rb"[ \t][^\r\n]*)*)(?:" + _LINE_END + rb"|\Z)"
)
_LINE: Final = re.compile(rb"[^\r\n]*(?:" + _LINE_END + rb"|\Z)")
_FOLDED_LINE: Final = re.compile(rb"[^\r\n]*(?:" + _LINE_END + rb"[ \t][^\r\n]*)*(?:" + _LINE_END + rb"|\Z)")
_LOOSE_BLANK: Final = rb"(?:[\0\t\v\f ]|" + _LINE_END + rb"[ \t])"
_LOOSE_FIELD: Final = re.compile(
    _FIELD.pattern.replace(rb"([!-9;-~]+)[ \t]*:", rb"([\0!-9;-~]+)" + _LOOSE_BLANK + rb"*:", 1)
)
"""Thunderbird drops null characters, and C's `isspace` and a line end are blanks before a colon to it."""
_STRICT_FIELD: Final = re.compile(_FIELD.pattern.replace(rb"[ \t]*:", b":", 1))
_FIELD_TO_BLANK_LINE: Final = re.compile(_FIELD.pattern.replace(rb"[ \t][^\r\n]*)*", rb"[ \t]++[^\r\n]++)*"))
_FIELD_TO_LF: Final = re.compile(rb"\r*([!-9;-~]+)[ \t\r]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_FOLDED_LINE_TO_LF: Final = re.compile(rb"[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)")


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
    the body begins there or the line is to be passed over. `cut` is True where there are more
    fields than may be read, so that nothing is known of the body.
    """

    fields: tuple[Field, ...]
    start: int
    end: int
    body_start: int
    orderly: bool = True
    cut: bool = False

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


def read_header_section(raw: bytes, start: int, end: int, max_fields: int = MAX_FIELDS) -> HeaderSection:
    """Return the header section that begins at `start`; nothing beyond `end` is read.

    An mbox separator line (`From ...`) before the first field is passed over. A line that is neither
    field nor empty ends the section, and the body begins with it.
    """
    return _read(raw, start, end, max_fields)


def read_past_strays(raw: bytes, start: int, end: int, max_fields: int) -> HeaderSection:
    """Return the header section as programs read it that pass over each line that is no field.

    They take more lines for fields than others, too, and pass over null characters in names.
    """
    header = _read(raw, start, end, max_fields, _LOOSE_FIELD, _FOLDED_LINE)
    if raw.find(b"\0", start, header.end) < 0:
        return header
    fields = tuple(
        msgspec.structs.replace(field, name=field.name.replace(b"\0", b"")) for field in header.fields
    )
    return msgspec.structs.replace(header, fields=fields)


def read_to_line_feeds(raw: bytes, start: int, end: int, max_fields: int) -> HeaderSection:
    """Return the header section as programs read it to which a CR without LF is no line end.

    They pass over lines that are no fields, too.
    """
    return _read(raw, start, end, max_fields, _FIELD_TO_LF, _FOLDED_LINE_TO_LF, b"\n")


def read_strictly(raw: bytes, start: int, end: int, max_fields: int) -> HeaderSection:
    """Return the header section as programs read it to which no field has a blank before its colon."""
    return _read(raw, start, end, max_fields, _STRICT_FIELD)


def read_to_blank_line(raw: bytes, start: int, end: int, max_fields: int) -> HeaderSection:
    """Return the header section as programs read it to which a line of blanks is an empty one.

    Such are postal-mime and Ruby's mail; RFC 5322 §4.2 takes the line for a part of the field before it.
    """
    return _read(raw, start, end, max_fields, _FIELD_TO_BLANK_LINE)


def _read(
    raw: bytes,
    start: int,
    end: int,
    max_fields: int,
    pattern: re.Pattern[bytes] = _FIELD,
    past_strays: re.Pattern[bytes] | None = None,
    line_ends: bytes = b"\r\n",
) -> HeaderSection:
    fields: list[Field] = []
    position = start
    if raw.startswith(b"From ", start, end):
        separator = _LINE.match(raw, start, end)
        assert separator is not None, "the pattern matches anything"
        position = separator.end()
    match_field = pattern.match
    while len(fields) < max_fields:
        for _ in range(len(fields), max_fields):
            match = match_field(raw, position, end)
            if match is None:
                break
            name, body = match.groups()
            after = match.end()
            fields.append(Field(name.lower(), position, after, body))
            position = after
        if past_strays is None or position >= end or raw[position] in line_ends:
            break
        if raw.startswith(b"\r\n", position, end):
            break
        stray = past_strays.match(raw, position, end)
        assert stray is not None, "the pattern matches anything"
        position = stray.end()
        max_fields -= 1
    section_end = position
    orderly = True
    if raw.startswith(b"\r\n", position, end):
        position += 2
    elif position < end and raw[position] in line_ends:
        position += 1
    elif position < end:
        orderly = False
    cut = not orderly and len(fields) >= max_fields
    return HeaderSection(tuple(fields), start, section_end, position, orderly, cut)
