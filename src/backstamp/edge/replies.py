"""What the edge answers: prepared once, sent as they are.

The pixel's fields follow research on mail clients' caches: Gmail's proxy obeys `no-cache`, and keeps
error answers for long, so an image is always answered with this image (classification: caching).
Granian names itself in `server` unless a reply has one; ours says nothing about who we are.
"""

import base64
from collections.abc import AsyncIterator
from typing import Final, Protocol

Header = tuple[str, str]

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


class ReplyProtocol(Protocol):
    """The part of Granian's RSGI protocol that answers a request."""

    def response_bytes(self, status: int, headers: list[Header], body: bytes) -> None:
        """Answer with a body."""

    def response_empty(self, status: int, headers: list[Header]) -> None:
        """Answer without a body."""


class BodyProtocol(ReplyProtocol, Protocol):
    """The same, and the part that gives a request's body."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the body, piece by piece as it comes."""


class HeadProtocol:
    """Answers HEAD: what GET would be told, and no body (RFC 9110 §9.3.2).

    Over HTTP/1 Granian leaves out a body itself; over HTTP/2 it sends it, and clients take that for an error.
    """

    def __init__(self, proto: ReplyProtocol) -> None:
        """Take what answers the request."""
        self._proto = proto

    def response_bytes(self, status: int, headers: list[Header], body: bytes) -> None:
        """Answer with the length of a body."""
        self._proto.response_empty(status, [*headers, ("content-length", str(len(body)))])

    def response_empty(self, status: int, headers: list[Header]) -> None:
        """Answer as GET is answered."""
        self._proto.response_empty(status, headers)


class Page:
    """A fixed answer."""

    def __init__(self, status: int, media_type: str, text: str, *more: Header) -> None:
        """Take status, media type, text and further header fields."""
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
