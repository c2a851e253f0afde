"""A message as a mail program that is not ours reads it: Python's email package, part by part."""

import codecs
import email
from collections.abc import Iterator
from email.message import Message
from typing import NamedTuple

_LATIN_1 = frozenset({"ascii", "iso8859-1"})


class ShownPart(NamedTuple):
    """A text part that a mail program may show; `path` counts as the manifest's does."""

    path: str
    media_type: str
    text: str


def shown_parts(raw: bytes) -> list[ShownPart]:
    """Return the HTML and plain-text parts of a message, decoded."""
    found = []
    for path, part in _leaves(email.message_from_bytes(raw), "1"):
        media_type = part.get_content_type()
        if media_type in ("text/html", "text/plain"):
            _mend_encoding(part)
            payload = part.get_payload(decode=True)
            data = payload if isinstance(payload, bytes) else b""
            found.append(ShownPart(path, media_type, _decoded(data, part)))
    return found


def _leaves(part: "Message[str, str]", path: str) -> Iterator[tuple[str, "Message[str, str]"]]:
    payload = part.get_payload()
    if not isinstance(payload, list):
        yield path, part
        return
    for number, child in enumerate(payload, 1):
        if isinstance(child, Message):
            yield from _leaves(child, f"{path}.{number}")


def _mend_encoding(part: "Message[str, str]") -> None:
    """Read `quoted-printable;` as mail programs do; Python takes it for an unknown encoding."""
    encoding = str(part.get("Content-Transfer-Encoding", ""))
    if ";" in encoding:
        part.replace_header("Content-Transfer-Encoding", encoding.partition(";")[0].strip())


def _decoded(data: bytes, part: "Message[str, str]") -> str:
    if data.startswith(codecs.BOM_UTF8):
        return data[3:].decode("utf-8", "replace")
    try:
        name = codecs.lookup(str(part.get_content_charset() or "utf-8")).name
        return data.decode("cp1252" if name in _LATIN_1 else name, "replace")
    except (LookupError, ValueError):
        return data.decode("cp1252", "replace")
