"""readings: the text of a part that stays as it is, as some program reads it."""

from collections.abc import Iterator
from typing import Final

from backstamp.mail.charsets.charset_labels import charset_for, codec_of_unsafe
from backstamp.mail.encodings.damaged_base64 import damaged_base64_readings
from backstamp.mail.encodings.transfer import (
    UndecodableError,
    UnknownEncodingError,
    decode_payload,
    meant_encoding,
)
from backstamp.mail.structure import Part
from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.parts.text_part import PartUnreadableError, TextPart
from backstamp.rewriting.reporting.reasons import SkipReason

_WIDE: Final = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"+/v", "utf-7"),
)


class Reading:
    """The text of a part as some program reads it, and where in the message a span of it stands.

    `others` are what other programs read, where nobody can tell what is right.
    """

    def __init__(self, raw: bytes, part: Part, limit: int) -> None:
        """Read it. Raises `PartUnreadableError` where it is too big, or nothing can be made of it."""
        self._part = part
        self._exact: TextPart | None = None
        self.encoding = "utf-8"
        self.others: list[str] = []
        try:
            self._exact = TextPart(raw, part, limit)
        except PartUnreadableError as error:
            if error.reason is SkipReason.PART_TOO_BIG:
                raise
            self.text, *self.others = _roughly(raw, part, limit)
        else:
            self.text, self.encoding = self._exact.text, self._exact.encoding

    def raw_spans(self, links: list[FoundLink]) -> list[tuple[int, int]]:
        """Return where links stand: the whole part where its octets are not those of the text."""
        if self._exact is None:
            return [(self._part.body_start, self._part.end)] * len(links)
        spans = [(link.start, link.end) for link in links]
        return self._exact.payload.raw_spans(self._exact.byte_spans(spans))


def _roughly(raw: bytes, part: Part, limit: int) -> list[str]:
    """Return what programs may read of a part that cannot be patched, the likeliest first.

    That is in what it says it is in, as far as that can be read, and octet by octet.
    """
    texts = [text for data in decodings(raw, part) for text in _in_charset(data, part.charset_label)]
    return list(dict.fromkeys(text[:limit] for text in texts))


def decodings(raw: bytes, part: Part) -> Iterator[bytes]:
    """Yield the octets of a body as programs decode them, the likeliest first."""
    body = raw[part.body_start : part.end]
    meant = meant_encoding(part.cte)
    try:
        yield decode_payload(raw, part.body_start, part.end, meant or part.cte).data
    except UndecodableError:
        yield from damaged_base64_readings(body)
    except UnknownEncodingError:
        yield body
    else:
        if not meant:
            return
    yield body


def _in_charset(data: bytes, label: str) -> Iterator[str]:
    wide = next((codec for mark, codec in _WIDE if data.startswith(mark)), "")
    codec = wide or codec_of_unsafe(label) or charset_for(label).codec
    for name in (codec, "latin-1"):
        try:
            yield data.decode(name, "replace")
        except (LookupError, UnicodeError):
            continue
        # Octet by octet that is a text to those alone who drop them.
        data = data.replace(b"\0", b"")
