"""S/MIME holds on the rewritten output: OpenSSL verifies and decrypts what comes out."""

import pytest

from backstamp.rewriting import Direction, SkipReason
from tests.rewriting.signatures.places import CONTENTS, PLACES
from tests.rewriting.signatures.rewriting_around import NEWLINES, came_out
from tests.rewriting.signatures.smime import Smime

DIALECTS = ["cms", "smime"]

pytestmark = [
    pytest.mark.daemon,
    pytest.mark.parametrize("direction", list(Direction)),
    pytest.mark.parametrize("newline", NEWLINES),
    pytest.mark.parametrize("place", PLACES),
    pytest.mark.parametrize("content", CONTENTS),
]


@pytest.fixture(scope="module")
def smime(tmp_path_factory: pytest.TempPathFactory) -> Smime:
    return Smime(tmp_path_factory.mktemp("smime"))


def test_a_clear_signature_holds(
    smime: Smime, content: str, place: str, newline: str, direction: Direction
) -> None:
    for dialect in DIALECTS:
        signed = smime.clear_signed(CONTENTS[content], dialect)
        entity = came_out(place, signed, newline, direction, SkipReason.SIGNED)
        assert smime.verified(entity, dialect) == CONTENTS[content]


def test_an_opaque_signature_holds(
    smime: Smime, content: str, place: str, newline: str, direction: Direction
) -> None:
    for dialect in DIALECTS:
        signed = smime.opaque_signed(CONTENTS[content], dialect)
        entity = came_out(place, signed, newline, direction, SkipReason.SIGNED)
        assert smime.verified(entity, dialect) == CONTENTS[content]


def test_an_encrypted_message_opens_and_is_the_same_inside(
    smime: Smime, content: str, place: str, newline: str, direction: Direction
) -> None:
    for dialect in DIALECTS:
        encrypted = smime.encrypted(CONTENTS[content], dialect)
        entity = came_out(place, encrypted, newline, direction, SkipReason.ENCRYPTED)
        assert smime.decrypted(entity, dialect) == CONTENTS[content]


def test_what_was_signed_then_encrypted_then_signed_holds_at_each_step(
    smime: Smime, content: str, place: str, newline: str, direction: Direction
) -> None:
    inner = smime.clear_signed(CONTENTS[content], "cms")
    outer = smime.opaque_signed(smime.encrypted(inner, "cms"), "cms")
    entity = came_out(place, outer, newline, direction, SkipReason.SIGNED)
    opened = smime.decrypted(smime.verified(entity, "cms"), "cms")
    assert smime.verified(opened, "cms") == CONTENTS[content]
