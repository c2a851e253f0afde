"""A captured mail as a mail program shows it: its HTML made harmless by its frame, its text, its fields.

The HTML is not cleaned: it is served under a `sandbox` policy that gives it no script, no origin and no
way to the console.  What is changed is only what a frame needs: links open in a new tab, and images
inside the mail (`cid:`) come as `data:`.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from backstamp.console.mailbox.own_view import as_sent
from backstamp.console.mailbox.parts import MailParts
from backstamp.tokens import Keyring

LARGEST_SHOWN: Final = 8 * 1024 * 1024
"""Bytes of a mail that are looked at; the rest is in the raw download."""
LARGEST_FRAMED: Final = 16 * 1024 * 1024
"""Characters of images put into the HTML: one image may be named ten thousand times."""

# Repetitions are bounded, so that no mail can make a pattern slow.
_BASE: Final = '<base target="_blank">'
_TARGET: Final = re.compile(
    r"(<(?:a|area|form|base)\b[^<>]{0,4000}?)\starget\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s<>\"']+)",
    re.IGNORECASE,
)
_CID: Final = re.compile(r"cid:([^\s\"'<>()]{1,200})", re.IGNORECASE)
_REMOTE: Final = re.compile(
    r"(?:<(?:img|input|video|source|image)\b[^<>]{0,4000}?\s(?:src|srcset|poster|href)\s{0,9}=\s{0,9}[\"']?"
    r"|url\(\s{0,9}[\"']?"
    r"|\sbackground\s{0,9}=\s{0,9}[\"']?)"
    r"\s{0,9}(?:https?:)?//",
    re.IGNORECASE,
)
_LINK: Final = re.compile(r"https?://[^\s<>\"]{1,4000}[^\s<>\".,;:!?'\])]", re.IGNORECASE)


@dataclass(frozen=True)
class TextPiece:
    """A stretch of plain text; `url` is set where it is a link."""

    text: str
    url: str = ""


class MailView:
    """What the reader shows of one mail; never raises, whatever the mail."""

    def __init__(self, raw: bytes, own_view: Keyring | None = None) -> None:
        """Keep the first `LARGEST_SHOWN` bytes; with keys, show pixel and links as they were sent."""
        self._own_view = own_view
        self.cut = len(raw) > LARGEST_SHOWN
        self._raw = raw[:LARGEST_SHOWN]
        self._room = LARGEST_FRAMED

    @cached_property
    def _parts(self) -> MailParts:
        return MailParts(self._raw)

    @cached_property
    def source(self) -> str:
        """The mail as it came, byte for byte as far as text can show bytes."""
        return self._raw.decode("utf-8", "backslashreplace")

    @cached_property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The header section's fields as they stand in the mail: unfolded, not decoded."""
        head = re.split(rb"\r?\n\r?\n", self._raw, maxsplit=1)[0].decode("utf-8", "backslashreplace")
        unfolded = re.sub(r"\r?\n[ \t]+", " ", head)
        lines = (line.partition(":") for line in unfolded.splitlines())
        return tuple((name, body.strip()) for name, colon, body in lines if colon)

    @cached_property
    def html(self) -> str:
        """The HTML body as it came, decoded; empty where there is none."""
        body = self._parts.body("text/html")
        return body if self._own_view is None else as_sent(body, self._own_view, is_html=True)

    @cached_property
    def text(self) -> tuple[TextPiece, ...]:
        """The plain-text body, its web addresses as links."""
        text = self._parts.body("text/plain")
        if self._own_view is not None:
            text = as_sent(text, self._own_view, is_html=False)
        pieces: list[TextPiece] = []
        start = 0
        for link in _LINK.finditer(text):
            pieces.append(TextPiece(text[start : link.start()]))
            pieces.append(TextPiece(link[0], link[0]))
            start = link.end()
        pieces.append(TextPiece(text[start:]))
        return tuple(piece for piece in pieces if piece.text)

    @cached_property
    def has_remote_images(self) -> bool:
        """Whether the HTML asks for images from elsewhere."""
        return _REMOTE.search(self.html) is not None

    @cached_property
    def framed_html(self) -> str:
        """The HTML for the frame."""
        shown = _CID.sub(self._inline, _TARGET.sub(r"\1", self.html))
        # The base element must not come before a doctype, or the page would be shown in quirks mode.
        doctype = re.match(r"\s*<!doctype[^<>]*>", shown, re.IGNORECASE)
        at = doctype.end() if doctype else 0
        return shown[:at] + _BASE + shown[at:]

    @cached_property
    def _images(self) -> dict[str, str]:
        return self._parts.images()

    def _inline(self, found: re.Match[str]) -> str:
        image = self._images.get(found[1], "")
        if not image or len(image) > self._room:
            return found[0]
        self._room -= len(image)
        return image
