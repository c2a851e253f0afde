"""The programs that verify for us do notice one changed octet: else the other tests here prove nothing."""

from pathlib import Path

import pytest

from tests.rewriting.signatures.pgp import new_pgp
from tests.rewriting.signatures.places import CONTENTS
from tests.rewriting.signatures.smime import Smime

pytestmark = pytest.mark.daemon


def changed(entity: bytes) -> bytes:
    assert b"inside.example" in entity
    return entity.replace(b"inside.example", b"inside.exampel", 1)


@pytest.mark.parametrize("dialect", ["cms", "smime"])
def test_openssl_notices_one_changed_link(tmp_path: Path, dialect: str) -> None:
    smime = Smime(tmp_path)
    signed = smime.clear_signed(CONTENTS["html-8bit"], dialect)
    assert smime.verified(signed, dialect) == CONTENTS["html-8bit"]
    with pytest.raises(AssertionError, match=r"(?i)digest|verif"):
        smime.verified(changed(signed), dialect)


def test_gnupg_notices_one_changed_link() -> None:
    with new_pgp() as pgp:
        signed = pgp.signed(CONTENTS["html-8bit"])
        assert pgp.verified(signed) == CONTENTS["html-8bit"]
        with pytest.raises(AssertionError, match="BAD signature"):
            pgp.verified(changed(signed))
        text = pgp.text_signed(b"https://inside.example/\r\n")
        with pytest.raises(AssertionError, match="BAD signature"):
            pgp.text_verified(changed(text))
