"""What gets signed, and the places in a message where a signed or encrypted part may stand."""

from collections.abc import Callable
from typing import NamedTuple

from tests.rewriting.messages import multipart, part

HEADER = (
    b"Received: from mx.example.com by mail.example.org; Mon, 1 Jun 2026 08:00:00 +0000\r\n"
    b"From: Ada <ada@example.com>\r\nTo: Grace <grace@example.org>\r\n"
    b"Subject: =?utf-8?Q?Signed_=C3=BCber_alles?=\r\n\tand folded  \r\n"
)
SLOT = "=_slot"
"""Boundary of the multipart that holds the part in question."""
OUTSIDE = "https://outside.example/page?a=1"
"""A link outside that part: it is rewritten, so that a test cannot pass because nothing was done."""
TEXT = "Hello \t\r\nsee https://inside.example/text?a=1 \r\n-- \r\nAda\r\n"

CONTENTS = {
    "text": part("text/plain; charset=us-ascii", TEXT, "Content-Transfer-Encoding: 7bit"),
    "html-8bit": part(
        "text/html; charset=utf-8",
        "<p>Grüße  \r\n<a href='https://inside.example/ü?a=1&amp;b=2'>hier</a>\t\r\n</p></body>   \r\n",
        "Content-Transfer-Encoding: 8bit",
    ),
    "alternative": multipart(
        "alternative",
        part("text/plain; format=flowed", "see \r\nhttps://inside.example/flowed \r\n"),
        part(
            "text/html; charset=iso-8859-1",
            '<html><body><a href=3D"https://inside.example/=\r\nqp">caf=E9</a>=20\r\n</body></html>\r\n',
            "Content-Transfer-Encoding: quoted-printable",
        ),
        boundary="=_content",
    ),
}
"""Entities, in CRLF, with links, 8-bit octets, and white space at the ends of lines."""


class Place(NamedTuple):
    """A place: `put` gives the whole message around an entity, `take` finds the entity in it again.

    Both speak CRLF; `has_link` tells whether there is a link of ours outside the entity.
    """

    put: Callable[[bytes], bytes]
    take: Callable[[bytes], bytes]
    has_link: bool = True


def _text(*fields: str) -> bytes:
    return part("text/plain", f"More at {OUTSIDE}\r\n", *fields)


def _slot(raw: bytes) -> bytes:
    """Return the first part between the delimiters of the slot."""
    after = raw.split(b"\r\n--" + SLOT.encode() + b"\r\n")[1]
    return after.split(b"\r\n--" + SLOT.encode())[0]


def _root(entity: bytes) -> bytes:
    return HEADER + entity


def _before_a_text_footer(entity: bytes) -> bytes:
    return multipart("mixed", entity, _text(), boundary=SLOT, header=HEADER)


def _before_an_html_footer(entity: bytes) -> bytes:
    footer = part("text/html", f"<hr><a href='{OUTSIDE}'>The list</a>\r\n")
    return multipart("mixed", entity, footer, boundary=SLOT, header=HEADER)


def _nested(entity: bytes) -> bytes:
    """The entity as root of a related, which is the best of the alternatives in a mixed message."""
    image = part("image/png", "iVBORw0KGgo=", "Content-Transfer-Encoding: base64", "Content-ID: <i@example>")
    related = multipart("related", entity, image, boundary=SLOT)
    alternative = multipart("alternative", _text(), related, boundary="=_alternative")
    return multipart("mixed", alternative, _text(), boundary="=_mixed", header=HEADER)


def _forwarded(entity: bytes) -> bytes:
    """The signed message attached to another one."""
    message = b"Content-Type: message/rfc822\r\n\r\n" + HEADER + entity
    return multipart("mixed", message, _text(), boundary=SLOT, header=HEADER)


PLACES = {
    "root": Place(_root, lambda raw: raw.removeprefix(HEADER), has_link=False),
    "before-a-text-footer": Place(_before_a_text_footer, _slot),
    "before-an-html-footer": Place(_before_an_html_footer, _slot),
    "nested": Place(_nested, _slot),
    "forwarded": Place(_forwarded, lambda raw: _slot(raw).partition(b"\r\n\r\n")[2].removeprefix(HEADER)),
}
