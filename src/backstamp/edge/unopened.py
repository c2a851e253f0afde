"""What is answered where no token opens: a page of ours, the image, or a plain 404."""

import re
from typing import Final, NamedTuple
from urllib.parse import quote

from backstamp.edge.replies.not_found import NOT_FOUND
from backstamp.edge.replies.prepared import HEALTHY, ROBOTS, Page, send_pixel
from backstamp.edge.replies.protocol import ReplyProtocol
from backstamp.edge.requests.scope import Headers
from backstamp.shared_files import Answer
from backstamp.tokens import Keyring, LinkToken, open_token

PIXEL_LENGTHS: Final = range(45, 52)
"""Lengths of what was probably a pixel's token (48): cut or lengthened a little on its way."""
_PAGES: Final[dict[str, Page]] = {"/healthz": HEALTHY, "/robots.txt": ROBOTS}
_WITH_MARKUP: Final = re.compile(
    r"/([A-Za-z0-9_-]{44,}+)"
    r"((?:['\"<>\\`]|%(?:2[27]|3[CE]|5C|60)|&(?:quot|apos|lt|gt|#3[49]|#x2[27]);?)[\x20-\x7e]{0,16})",
    re.IGNORECASE,
)
"""A quotation mark, an angle bracket, a backslash, or what is left of them when they are encoded once more,
and little behind it: who looks for URLs in HTML with too simple an expression takes these with them. Not what
a mail program may take for the end of a link in running text: full stops, brackets, letters."""

_CLOSING: Final = ".,;:!?)]}*…»›’”、。，．；：！？）】》」』〉］"
_CODED: Final = "|".join(quote(sign) if ord(sign) > 127 else f"%{ord(sign):02X}" for sign in _CLOSING)
_IN_TEXT: Final = re.compile(rf"/([A-Za-z0-9_-]{{44,}}+)(?:[.,;:!?)\]}}*]|{_CODED}){{1,8}}", re.IGNORECASE)
"""What closes a word or a sentence, and nothing else: some programs, and people who copy, take it for the end
of a link in running text."""


class Marked(NamedTuple):
    """What may be a token, and the markup behind it."""

    token: str
    tail: str


def answer_unopened(path: str, headers: Headers, proto: ReplyProtocol) -> Answer:
    """Answer a request for a path that opens as no token of ours."""
    page = _PAGES.get(path)
    if page is not None:
        page.send(proto)
        return Answer.PAGE
    if is_for_image(path, headers):
        send_pixel(proto)
        return Answer.IMAGE
    NOT_FOUND.send(proto)
    return Answer.NOT_FOUND


def link_in_text(ring: Keyring, path: str) -> LinkToken | None:
    """Return the link before signs that close a text, where a path that opens as no token ends with such."""
    match = _IN_TEXT.fullmatch(path)
    token = None if match is None else open_token(ring, match[1])
    return token if isinstance(token, LinkToken) else None


def before_markup(path: str) -> Marked | None:
    """Return what a path holds before a piece of markup, if that is as long as a token."""
    match = _WITH_MARKUP.fullmatch(path)
    return None if match is None else Marked(match[1], match[2])


def is_for_image(path: str, headers: Headers) -> bool:
    """Whether a request that opens no token gets the image all the same.

    A bad token does not say whether a pixel or a link was meant. It was a pixel when the client says
    that it wants an image, or when the path is as long as a pixel's token, give or take three, and the
    client does not say that it goes to a page.
    """
    destination = headers.get("sec-fetch-dest")
    if destination == "image" or (headers.get("accept") or "").startswith("image/"):
        return True
    return len(path) - 1 in PIXEL_LENGTHS and "/" not in path[1:] and destination != "document"
