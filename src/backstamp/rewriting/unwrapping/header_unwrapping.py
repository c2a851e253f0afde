"""header_unwrapping: the URLs in a subject back from our sealed ones, encoded words included (RFC 2047)."""

import re
from collections.abc import Iterator
from email.errors import MessageError
from email.header import Header, decode_header
from typing import Final

from backstamp.mail.header_section import Field, HeaderSection
from backstamp.mail.patches import Patch
from backstamp.rewriting.unwrapping.respelled import Reader, find_sealed

_FIELDS: Final = frozenset({b"subject", b"thread-topic"})
"""Exchange repeats the subject of a conversation in Thread-Topic."""
_ENCODED_WORDS: Final = re.compile(
    r"=\?([^?\s]{1,40})\?[bq]\?[^?\s]*\?=(?:\s+=\?\1\?[bq]\?[^?\s]*\?=)*", re.IGNORECASE
)
"""Words of one charset that are read as one text: a token may be on two of them."""
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_LONGEST_LINE: Final = 998
_ENCODED_LINE: Final = 76


def subject_patches(raw: bytes, header: HeaderSection, reader: Reader) -> Iterator[Patch]:
    """Yield what puts the originals into the fields that repeat a subject, each a URL or its encoded words.

    A field stays as it is where a line would be longer than a line may be (RFC 5322 §2.1.1).
    """
    for field in header.fields:
        if field.name in _FIELDS:
            patches = list(_patches(raw, field, reader))
            if patches and _longest_line(raw, field, patches) <= _LONGEST_LINE:
                yield from patches


def _patches(raw: bytes, field: Field, reader: Reader) -> Iterator[Patch]:
    text = raw[field.start : field.end].decode("latin-1")
    encoded = list(_ENCODED_WORDS.finditer(text))
    line_end = _LINE_END.search(text)
    for words in encoded:
        read = _decoded(words[0])
        changed = _unwrapped(read, reader) if read is not None else read
        if changed == read or changed is None:
            continue
        column = words.start() - max(text.rfind("\n", 0, words.start()), text.rfind("\r", 0, words.start()))
        again = _encoded(changed, words[1], column, line_end[0] if line_end is not None else "\r\n")
        if again is not None:
            yield Patch(field.start + words.start(), field.start + words.end(), again.encode("ascii"))
    for sealed in find_sealed(text, reader, markup=False, known=[each.span() for each in encoded]):
        if sealed.original:
            replacement = sealed.replacement().encode("ascii", "replace")
            yield Patch(field.start + sealed.start, field.start + sealed.end, replacement)


def _unwrapped(text: str, reader: Reader) -> str:
    pieces: list[str] = []
    position = 0
    for sealed in find_sealed(text, reader, markup=False):
        if sealed.original:
            pieces += (text[position : sealed.start], sealed.replacement())
            position = sealed.end
    return "".join([*pieces, text[position:]])


def _decoded(words: str) -> str | None:
    """Return the text of encoded words; None where they cannot be read to the letter."""
    try:
        return "".join(
            piece if isinstance(piece, str) else piece.decode((charset or "ascii").partition("*")[0])
            for piece, charset in decode_header(words)
        )
    except (ValueError, LookupError, MessageError):
        return None


def _encoded(text: str, charset: str, column: int, line_end: str) -> str | None:
    """Return encoded words that mean this text; None where the charset has no such."""
    try:
        header = Header(text, charset.partition("*")[0], _ENCODED_LINE, "x" * column)
        words = header.encode(linesep=line_end)
    except (ValueError, LookupError, MessageError):
        return None
    return words if words.isascii() and _decoded(words) == text else None


def _longest_line(raw: bytes, field: Field, patches: list[Patch]) -> int:
    pieces: list[bytes] = []
    position = field.start
    for patch in sorted(patches, key=lambda each: each.start):
        pieces += (raw[position : patch.start], patch.replacement)
        position = patch.end
    pieces.append(raw[position : field.end])
    return max(map(len, re.split(rb"[\r\n]+", b"".join(pieces))))
