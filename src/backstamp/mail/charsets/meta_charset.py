"""meta_charset: the charset that an HTML text declares of itself (WHATWG HTML, "prescan a byte stream")."""

import re
from typing import Final

from backstamp.mail.charsets.charset_labels import UNDECLARED, WIDE, Charset, charset_for

PRESCANNED: Final = 1024
"""Octets in which a declaration counts."""

_LABEL: Final = re.compile(rb"[\t\n\f\r ]*=[\t\n\f\r ]*[\"']?[\t\n\f\r ]*([^\t\n\f\r \"';<>]+)")
_NAMES: Final = (b"charset", b"encoding")
_MARKUP: Final = re.compile(
    rb"<(?:(!--)|(meta)(?=[\t\n\f\r /])|/?[A-Za-z][^\t\n\f\r >]*|([!/?]))", re.IGNORECASE
)
_ATTRIBUTE: Final = re.compile(
    rb"[\t\n\f\r /]*(?:(>)|([^\t\n\f\r />][^\t\n\f\r />=]*)[\t\n\f\r ]*"
    rb"(?:=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|([^\t\n\f\r >\"'][^\t\n\f\r >]*)?))?)"
)
_CONTENT: Final = re.compile(
    rb"charset[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|([^\t\n\f\r ;\"'][^\t\n\f\r ;]*))",
    re.IGNORECASE,
)
_XML: Final = re.compile(rb"<\?xml[^>]*?encoding[\x00-\x20]*=[\x00-\x20]*([\"'])([^\x00-\x20\"'>]*)\1[^>]*>")


def mentioned_charsets(data: bytes, prescanned: int = PRESCANNED) -> list[Charset]:
    """Return the known charsets that the beginning of an HTML text names anywhere, once each.

    More than the standard's prescan finds: also in comments and in elements that are no `meta`, where a
    reader with a simple pattern looks.
    """
    head = data[:prescanned].lower()
    found: list[Charset] = []
    for name in _NAMES if b"<?xml" in head else _NAMES[:1]:
        at = head.find(name)
        while at >= 0:
            at += len(name)
            match = _LABEL.match(head, at)
            if match is not None:
                charset = charset_for(match[1].decode("latin-1"))
                if charset is not UNDECLARED:
                    found.append(charset)
            at = head.find(name, at)
    return found


def declared_charset(data: bytes) -> Charset | None:
    """Return the charset that a browser takes from the beginning of an HTML text, if it finds any."""
    head = data[:PRESCANNED]
    if head.startswith((b"<\0?\0x\0", b"\0<\0?\0x")):
        return WIDE
    position = 0
    while (match := _MARKUP.search(head, position)) is not None:
        comment, meta, other = match.groups()
        if comment:
            end = head.find(b"-->", match.start() + 2)
            position = end + 3 if end >= 0 else len(head)
        elif other:
            end = head.find(b">", match.start())
            position = end + 1 if end >= 0 else len(head)
        else:
            attributes, position = _attributes(head, match.end())
            found = _of_meta(attributes) if meta else None
            if found is not None:
                return found
    xml = _XML.match(head)
    return _browsers(xml[2]) if xml is not None else None


def _attributes(head: bytes, position: int) -> tuple[dict[bytes, bytes], int]:
    """Return the attributes from `position` on, the first of each name, and where their tag ends."""
    attributes: dict[bytes, bytes] = {}
    while (match := _ATTRIBUTE.match(head, position)) is not None:
        position = match.end()
        if match[1]:
            break
        value = next((value for value in match.groups()[2:] if value is not None), b"")
        attributes.setdefault(match[2].lower(), value)
    return attributes, position


def _of_meta(attributes: dict[bytes, bytes]) -> Charset | None:
    if b"charset" in attributes:
        return _browsers(attributes[b"charset"])
    if attributes.get(b"http-equiv", b"").lower() != b"content-type":
        return None
    match = _CONTENT.search(attributes.get(b"content", b""))
    return _browsers(match[1] or match[2] or match[3] or b"") if match is not None else None


def _browsers(label: bytes) -> Charset | None:
    """Return what a browser reads for a label inside the text, whose ASCII it has just read."""
    charset = charset_for(label.decode("latin-1"))
    if charset is WIDE:
        return charset_for("utf-8")
    if charset.encoding == "x-user-defined":
        return charset_for("windows-1252")
    return charset if charset.agreed else None
