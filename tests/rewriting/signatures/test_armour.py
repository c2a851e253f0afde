"""Where an armour within a text is seen, and where a text only speaks of one (RFC 9580 §6.2, §7)."""

import pytest

from backstamp.rewriting import Direction, Options, SkipReason, plan
from tests.rewriting.messages import message

LINK = "https://inside.example/a"
SIGNED = (
    f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{LINK}\n"
    "-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n"
)
ENCRYPTED = (
    "-----BEGIN PGP MESSAGE-----\nComment: https://inside.example/a\n\nhQ==\n-----END PGP MESSAGE-----\n"
)
QUOTED = "> -----BEGIN PGP SIGNED MESSAGE-----\n> Hash: SHA512\n"


def links(text: str, direction: Direction, newline: bytes) -> tuple[int, set[SkipReason | None]]:
    """Return how many links of a text are wrapped, and why its part was left alone."""
    planned = plan(message(text, "text/plain", newline=newline), Options(direction=direction))
    return len(planned.links), {part.skip_reason for part in planned.manifest.parts}


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("newline", [b"\r\n", b"\n", b"\r"], ids=["crlf", "lf", "cr"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SIGNED, SkipReason.SIGNED),
        (ENCRYPTED, SkipReason.ENCRYPTED),
        (f"Hello\n\n{SIGNED}", SkipReason.SIGNED),
        (f"Hello\n{ENCRYPTED}\n-- \nhttps://outside.example/", SkipReason.ENCRYPTED),
        (SIGNED.replace("MESSAGE-----\n", "MESSAGE-----  \n"), SkipReason.SIGNED),
        (QUOTED + SIGNED, SkipReason.SIGNED),
    ],
    ids=["signed", "encrypted", "signed-below", "encrypted-between", "blanks-after", "below-a-quoted-one"],
)
def test_a_text_with_an_armour_is_left_alone(
    text: str, reason: SkipReason, newline: bytes, direction: Direction
) -> None:
    assert links(text, direction, newline) == (0, {reason})


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(
    "text",
    [
        f"{QUOTED}{LINK}",
        f"It begins with -----BEGIN PGP SIGNED MESSAGE-----, see {LINK}",
        f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n{LINK}",
    ],
    ids=["quoted", "within-a-line", "public-key"],
)
def test_a_text_that_only_speaks_of_an_armour_is_rewritten(text: str, direction: Direction) -> None:
    assert links(text, direction, b"\r\n") == (1, {None})
