"""What the edge answers: prepared once, sent as they are.

The pixel's fields follow research on mail clients' caches: Gmail's proxy obeys `no-cache`, and keeps
error answers for long, so an image is always answered with this image (classification: caching).
Granian names itself in `server` unless a reply has one; ours says nothing about who we are.
"""

import base64
from typing import Final

from backstamp.edge.replies.protocol import Header, ReplyProtocol

GIF: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
"""One transparent dot, 43 bytes."""

_SERVER: Final[Header] = ("server", "http")
_NO_INDEX: Final[Header] = ("x-robots-tag", "noindex")
_NO_STORE: Final[Header] = ("cache-control", "no-store, no-cache, must-revalidate, private, max-age=0")

PIXEL_HEADERS: Final[list[Header]] = [
    ("content-type", "image/gif"),
    _NO_STORE,
    ("pragma", "no-cache"),
    ("expires", "0"),
    _NO_INDEX,
    _SERVER,
]
_REDIRECT_HEADERS: Final[list[Header]] = [
    ("content-length", "0"),  # hyper leaves it out for HEAD unless it is given
    _NO_STORE,
    ("referrer-policy", "no-referrer"),
    _NO_INDEX,
    _SERVER,
]


class Page:
    """A fixed answer."""

    def __init__(self, status: int, media_type: str, text: str, *more: Header) -> None:
        self.status = status
        self.headers: list[Header] = [
            ("content-type", f"{media_type}; charset=utf-8"),
            _NO_STORE,
            ("x-content-type-options", "nosniff"),
            _NO_INDEX,
            *more,
            _SERVER,
        ]
        self.body = text.encode()

    def send(self, proto: ReplyProtocol) -> None:
        """Answer with this page."""
        proto.response_bytes(self.status, self.headers, self.body)


NOT_ALLOWED: Final = Page(405, "text/plain", "Only GET and HEAD are answered here.\n", ("allow", "GET, HEAD"))
PAGE_NOT_ALLOWED: Final = Page(
    405, "text/plain", "Only GET, HEAD and POST are answered here.\n", ("allow", "GET, HEAD, POST")
)
"""Of a recipient's own page, which takes wishes (RFC 9110 §15.5.6: the methods that there are)."""
HEALTHY: Final = Page(200, "text/plain", "ok")
ROBOTS: Final = Page(200, "text/plain", "User-agent: *\nDisallow: /\n")


def send_pixel(proto: ReplyProtocol) -> None:
    """Answer with the image."""
    proto.response_bytes(200, PIXEL_HEADERS, GIF)


def send_redirect(proto: ReplyProtocol, url: str) -> None:
    """Send the client to a sealed URL, which must be printable ASCII: Granian drops any other."""
    proto.response_empty(302, [("location", url), *_REDIRECT_HEADERS])


def send_onward(proto: ReplyProtocol, url: str) -> None:
    """Send a person who pressed the button to a sealed URL, by GET (RFC 9110 §15.4.4)."""
    proto.response_empty(303, [("location", url), *_REDIRECT_HEADERS])
