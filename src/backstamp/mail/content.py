"""content: what a header says of its body: media type, transfer encoding, disposition (RFC 2045, 2183).

Fields that are doubled or oddly spelled are read differently by mail programs. What is given here is the
reading that shows the most to a reader, and the doubt is named.
"""

import re
from enum import StrEnum
from typing import Final

import msgspec

from backstamp.mail.header_section import Field, HeaderSection
from backstamp.mail.header_text import decoded
from backstamp.mail.parameters import ParameterisedValue, parse_parameterised, without_comments

MAX_FIELD_BYTES: Final = 16 * 1024
"""Content fields longer than this are not read: each is looked at character by character."""

_NAMES: Final = frozenset({b"content-type", b"content-transfer-encoding", b"content-disposition"})
_MEDIA_TYPE: Final = re.compile(r"[!#$%&'*+.0-9^_`a-z{|}~-]+/[!#$%&'*+.0-9^_`a-z{|}~-]+")
_BARE_TEXT: Final = frozenset({"", "text", "plain"})
_BLANK_AROUND_SLASH: Final = re.compile(r"\s*/\s*")


class Doubt(StrEnum):
    """What programs may read differently in content fields."""

    TYPE = "type"
    SPELLING = "spelling"
    CONTRADICTION = "contradiction"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What the content fields say.

    `doubts`: `TYPE` where some programs may take text for HTML or the other way round; `SPELLING` where
    boundary, charset or transfer encoding are as the standards read them, and a simpler program may read
    others; `CONTRADICTION` where one of them is given twice with different values.
    """

    media_type: str
    parameters: dict[str, str]
    cte: str
    disposition: str
    filename: str
    doubts: frozenset[Doubt] = frozenset()


class FieldTooLongError(ValueError):
    """A content field is longer than `MAX_FIELD_BYTES`."""


def content_values(header: HeaderSection) -> list[tuple[bytes, str]]:
    """Return names and values of the content fields of a section, in order, to compare two readings of it."""
    return [(field.name, field.value) for field in header.fields if field.name in _NAMES]


def read_content(header: HeaderSection, default_type: str) -> Content:
    """Return what the content fields say; `default_type` where there is no Content-Type.

    Raises `FieldTooLongError`.
    """
    types: list[ParameterisedValue] = []
    encodings: list[str] = []
    dispositions: list[ParameterisedValue] = []
    for field in [each for each in header.fields if each.name in _NAMES]:
        if field.name == b"content-type":
            types.append(parse_parameterised(_value(field)))
        elif field.name == b"content-disposition":
            dispositions.append(parse_parameterised(_value(field)))
        else:
            encodings.append(_value(field).strip(" \t").lower())
    doubts: set[Doubt] = set()
    cte = _encoding(encodings, doubts)
    media_type, parameters = _media(types, default_type, doubts)
    return Content(
        media_type=media_type,
        parameters=parameters,
        cte=cte,
        disposition=_disposition(dispositions),
        filename=_filename(dispositions, types),
        doubts=frozenset(doubts),
    )


def _value(field: Field) -> str:
    if len(field.body) > MAX_FIELD_BYTES:
        raise FieldTooLongError(f"more than {MAX_FIELD_BYTES} octets in one content field")
    return field.value


def _encoding(written: list[str], doubts: set[Doubt]) -> str:
    """Return the first transfer encoding, without comments and a semicolon behind it.

    Who knows no comments there (mime4j, Python and many more) decodes nothing. Octets that are not encoded
    are the same for them, and base64 shows them no link; quoted-printable may: `<!=2D-x>` is a whole comment.
    """
    encodings = [without_comments(each).strip(" \t;") for each in written]
    if len(set(encodings)) > 1:
        doubts.add(Doubt.CONTRADICTION)
    if "quoted-printable" in encodings and encodings != written:
        doubts.add(Doubt.SPELLING)
    return encodings[0] if encodings else ""


def _media(
    fields: list[ParameterisedValue], default_type: str, doubts: set[Doubt]
) -> tuple[str, dict[str, str]]:
    if not fields:
        return default_type, {}
    first = fields[0]
    media_type = _media_type(first.value, doubts)
    # A boundary matters to a container only, and a charset to text only.
    deciding = "boundary" if media_type.startswith("multipart/") else "charset"
    for field in fields:
        if deciding in field.doubtful:
            doubts.add(Doubt.SPELLING)
        if field.value_in_doubt:
            doubts.add(Doubt.TYPE)
        if deciding in field.repeated or field.parameters.get(deciding) != first.parameters.get(deciding):
            doubts.add(Doubt.CONTRADICTION)
        if field.value != first.value:
            other = _media_type(field.value, doubts)
            if other != media_type:
                both_text = media_type.startswith("text/") and other.startswith("text/")
                doubts.add(Doubt.TYPE if both_text else Doubt.CONTRADICTION)
                if both_text and other == "text/html":
                    media_type = other
    return media_type, first.parameters


def _media_type(value: str, doubts: set[Doubt]) -> str:
    """Return the type that a field names, `text/html` where a lenient program may take it for that.

    RFC 2045 §5.2: a Content-Type that cannot be read is text/plain.
    """
    if _MEDIA_TYPE.fullmatch(value):
        return value
    if value in _BARE_TEXT:
        return "text/plain"
    doubts.add(Doubt.TYPE)
    found = _MEDIA_TYPE.match(_BLANK_AROUND_SLASH.sub("/", value.strip("\"' \t")))
    if found is not None:
        return found[0]
    return "text/html" if "htm" in value else "text/plain"


def _disposition(fields: list[ParameterisedValue]) -> str:
    """Return the disposition; of several the one that shows the part, where one does."""
    words = [field.value.split(maxsplit=1)[0].strip("\"'") if field.value else "" for field in fields]
    return next((word for word in words if word != "attachment"), words[0] if words else "")


def _filename(dispositions: list[ParameterisedValue], types: list[ParameterisedValue]) -> str:
    for fields, name in ((dispositions, "filename"), (types, "name")):
        for field in fields:
            value = field.parameters.get(name)
            if value:
                return _as_stored(value)
    return ""


def _as_stored(name: str) -> str:
    """Return a file's name as programs store it.

    In parameters, too, most read encoded words, which RFC 2047 §5 forbids there and many write; Windows drops
    full stops and blanks at the end.
    """
    return (decoded(name, MAX_FIELD_BYTES) if "=?" in name else name).rstrip(". ")
