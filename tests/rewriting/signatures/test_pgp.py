"""OpenPGP holds on the rewritten output: GnuPG verifies and decrypts what comes out."""

import base64
import email
import quopri
from collections.abc import Iterator

import pytest

from backstamp.rewriting import Direction, SkipReason
from tests.rewriting.signatures.pgp import Pgp, new_pgp
from tests.rewriting.signatures.places import CONTENTS, PLACES, TEXT
from tests.rewriting.signatures.rewriting_around import NEWLINES, came_out
from tests.rewriting.signatures.tools import in_crlf

pytestmark = [
    pytest.mark.daemon,
    pytest.mark.parametrize("direction", list(Direction)),
    pytest.mark.parametrize("newline", NEWLINES),
    pytest.mark.parametrize("place", PLACES),
]
CTES = ["8bit", "quoted-printable", "base64"]
BEFORE_ARMOUR = b"Forwarded, with https://inside.example/before\r\n\r\n"
AFTER_ARMOUR = b"\r\n_____\r\nThe list: https://inside.example/after\r\n"


@pytest.fixture(scope="module")
def pgp() -> Iterator[Pgp]:
    with new_pgp() as pgp:
        yield pgp


@pytest.mark.parametrize("content", CONTENTS)
def test_a_pgp_mime_signature_holds(
    pgp: Pgp, content: str, place: str, newline: str, direction: Direction
) -> None:
    signed = pgp.signed(CONTENTS[content])
    entity = came_out(place, signed, newline, direction, SkipReason.SIGNED)
    assert pgp.verified(entity) == CONTENTS[content]


@pytest.mark.parametrize("content", CONTENTS)
def test_a_pgp_mime_message_opens_and_is_the_same_inside(
    pgp: Pgp, content: str, place: str, newline: str, direction: Direction
) -> None:
    encrypted = pgp.encrypted(CONTENTS[content])
    entity = came_out(place, encrypted, newline, direction, SkipReason.ENCRYPTED)
    assert pgp.decrypted(entity) == CONTENTS[content]


@pytest.mark.parametrize("cte", CTES)
def test_a_signature_within_the_text_holds(
    pgp: Pgp, cte: str, place: str, newline: str, direction: Direction
) -> None:
    text = in_crlf("Grüße\n- https://inside.example/list \n".encode() + TEXT.encode())
    signed = pgp.text_signed(text)
    entity = came_out(place, text_part(signed, cte), newline, direction, SkipReason.SIGNED)
    # White space at the ends of lines is not signed (RFC 9580 §7.1), and GnuPG leaves it away.
    without_blanks = b"\n".join(line.rstrip() for line in text.splitlines()) + b"\n"
    assert in_crlf(pgp.text_verified(decoded(entity))) == in_crlf(without_blanks)


@pytest.mark.parametrize("cte", CTES)
def test_an_encrypted_text_within_the_text_opens_and_is_the_same_inside(
    pgp: Pgp, cte: str, place: str, newline: str, direction: Direction
) -> None:
    encrypted = pgp.text_encrypted(TEXT.encode())
    entity = came_out(place, text_part(encrypted, cte), newline, direction, SkipReason.ENCRYPTED)
    assert pgp.text_decrypted(decoded(entity)) == TEXT.encode()


def test_an_armour_holds_between_other_lines_of_its_text(
    pgp: Pgp, place: str, newline: str, direction: Direction
) -> None:
    signed = BEFORE_ARMOUR + pgp.text_signed(b"see https://inside.example/\r\n") + AFTER_ARMOUR
    entity = came_out(place, text_part(signed, "8bit"), newline, direction, SkipReason.SIGNED)
    assert in_crlf(pgp.text_verified(decoded(entity))) == b"see https://inside.example/\r\n"


def text_part(text: bytes, cte: str) -> bytes:
    """Return a text/plain part in CRLF."""
    if cte == "quoted-printable":
        body = in_crlf(quopri.encodestring(text.replace(b"\r\n", b"\n")))
    elif cte == "base64":
        body = in_crlf(base64.encodebytes(text))
    else:
        body = text
    return b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: %b\r\n\r\n%b" % (
        cte.encode(),
        body,
    )


def decoded(entity: bytes) -> bytes:
    """Return the text of a part, as Python's own parser reads it."""
    payload = email.message_from_bytes(entity).get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload
