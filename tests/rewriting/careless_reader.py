"""A mail program that reads MIME carelessly, as many do: the opposite of the product's own reader."""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from typing import NamedTuple


class Habits(NamedTuple):
    """How a program reads what the standards leave open or forbid."""

    last_field_counts: bool
    beginning_of_delimiter_counts: bool
    ends_header_at_stray_line: bool


class Shown(NamedTuple):
    """A text that is shown, and whether as HTML."""

    text: str
    html: bool


def read_carelessly(raw: bytes, habits: Habits, depth: int = 0) -> Iterator[Shown]:
    """Yield the texts that are shown. Only LF ends a line; comments and quoted pairs are unknown."""
    fields, body = _header(raw.split(b"\n"), habits)
    content_type = fields.get("content-type", "text/plain")
    kind = content_type.split(";")[0].strip().lower()
    boundary = re.search(r'boundary\s*=\s*(?:"([^"]*)|([^\s;"]+))', content_type, re.IGNORECASE)
    attached = fields.get("content-disposition", "").lower().startswith("attachment")
    if kind.startswith("multipart/") and boundary and depth < 8:
        mark = b"--" + (boundary[1] or boundary[2] or "").encode("utf-8", "surrogateescape").rstrip()
        for part in _parts(body, mark, habits):
            yield from read_carelessly(part, habits, depth + 1)
    elif kind == "message/rfc822" and depth < 8:
        yield from read_carelessly(b"\n".join(body), habits, depth + 1)
    elif kind in ("text/html", "text/plain", "text/enriched", "text/markdown") and not attached:
        data = _decoded(b"\n".join(body), fields.get("content-transfer-encoding", "").strip().lower())
        yield Shown(data.decode("utf-8", "replace"), kind == "text/html")


def _header(lines: list[bytes], habits: Habits) -> tuple[dict[str, str], list[bytes]]:
    fields: dict[str, str] = {}
    name = ""
    for number, line in enumerate(lines):
        text = line.decode("utf-8", "surrogateescape").rstrip("\r")
        if not text:
            return fields, lines[number + 1 :]
        if text[0] in " \t":
            if name:
                fields[name] += text
            continue
        before, colon, after = text.partition(":")
        if not colon:
            if habits.ends_header_at_stray_line and not text.startswith("From "):
                return fields, lines[number:]
            continue
        name = before.strip().lower()
        if name not in fields or habits.last_field_counts:
            fields[name] = after
        else:
            name = f"{name} again"
            fields[name] = after
    return fields, []


def _parts(lines: list[bytes], mark: bytes, habits: Habits) -> Iterator[bytes]:
    part: list[bytes] | None = None
    for line in lines:
        bare = line.rstrip()
        if bare in (mark, mark + b"--") or (habits.beginning_of_delimiter_counts and line.startswith(mark)):
            if part is not None:
                yield b"\n".join(part)
            part = None if line.startswith(mark + b"--") else []
            if part is None:
                return
        elif part is not None:
            part.append(line)
    if part is not None:
        yield b"\n".join(part)


def _decoded(data: bytes, cte: str) -> bytes:
    if cte == "quoted-printable":
        return quopri.decodestring(data)
    if cte == "base64":
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data.split(b"=")[0])
        try:
            return base64.b64decode(letters[: len(letters) // 4 * 4])
        except binascii.Error:
            return b""
    return data
