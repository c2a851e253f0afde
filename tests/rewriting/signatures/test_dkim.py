"""DKIM signed behind us holds for the recipient: what we send on is fit to be signed, and to travel.

A relay breaks lines over 998 octets (Postfix: `smtp_line_length_limit`) and a list puts its footer to the
end; neither is ours to prevent, but no line that we wrote may be what breaks.
"""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from backstamp.rewriting import Direction, Options, rewrite
from tests.rewriting.messages import message, multipart, part
from tests.rewriting.sealers import FixedSealer
from tests.rewriting.signatures.dkim_signer import DkimSigner
from tests.rewriting.signatures.places import CONTENTS, HEADER, PLACES
from tests.rewriting.signatures.tools import in_crlf

GOLDEN = Path(__file__).parent.parent / "golden"
MODES = [(b"relaxed/relaxed", False), (b"simple/simple", False), (b"relaxed/simple", True)]
LONG_LINES = {
    "8bit": message(f"<p>{'ü ' * 450}<a href='https://example.com/a'>x</a>{'y' * 60}</p>\n"),
    "7bit": message(f"{'x' * 960} https://example.com/a\n", "text/plain", "7bit"),
}
SIGNERS = {"rsa": DkimSigner.rsa, "ed25519": DkimSigner.ed25519}


@pytest.fixture(scope="module", params=SIGNERS)
def signer(request: pytest.FixtureRequest) -> DkimSigner:
    return SIGNERS[request.param]()


def originals() -> Iterator[tuple[str, bytes]]:
    """Give messages of all kinds, in CRLF and with a From, as a submission agent takes them."""
    for path in sorted(GOLDEN.glob("*.eml")):
        raw = path.read_bytes()
        if not path.stem.endswith(".expected") and b"\r" not in raw and re.search(rb"(?im)^from:", raw):
            yield path.stem, in_crlf(raw)
    signature = part("application/pgp-signature", "not looked at")
    for name, place in PLACES.items():
        yield name, place.put(multipart("signed", CONTENTS["html-8bit"], signature, boundary="=_signed"))
    for name, raw in LONG_LINES.items():
        yield f"long-line-{name}", raw
    yield "no-final-newline", HEADER + CONTENTS["html-8bit"].rstrip()
    yield "empty-lines-at-the-end", HEADER + CONTENTS["html-8bit"] + b"\r\n\r\n"


def relayed(raw: bytes) -> bytes:
    """Return the message as a relay hands it on that breaks lines of more than 998 octets."""
    raw = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    return re.sub(rb"[^\r\n]{998}(?=[^\r\n])", lambda match: match[0] + b"\r\n ", raw)


def is_fit_to_be_signed(raw: bytes) -> bool:
    """Whether a signature over it would survive: its header is whole, and no line of it is too long."""
    header = raw.partition(b"\r\n\r\n")[0]
    whole = all(re.match(rb"[ \t]|[!-9;-~]+[ \t]*:", line) for line in header.split(b"\r\n"))
    return whole and max(map(len, raw.split(b"\r\n"))) <= 998


ORIGINALS = {name: raw for name, raw in originals() if is_fit_to_be_signed(raw)}


def test_there_are_messages_of_many_kinds() -> None:
    assert len(ORIGINALS) >= 40


@pytest.mark.parametrize("name", ORIGINALS)
def test_a_signature_over_what_we_send_on_holds_after_a_relay(signer: DkimSigner, name: str) -> None:
    for direction, padding in product(Direction, (40, 1200)):
        rewritten = rewrite(ORIGINALS[name], Options(direction=direction), FixedSealer(padding)).raw
        for canonicalization, length in MODES:
            signed = signer.signed(rewritten, canonicalization, length=length)
            assert signer.verifies(relayed(signed))
            assert signer.verifies(relayed(signed) + b"-- \r\nthe list's footer\r\n") is length


def test_a_signature_notices_one_changed_octet(signer: DkimSigner) -> None:
    for canonicalization, length in MODES:
        signed = signer.signed(ORIGINALS["root"], canonicalization, length=length)
        assert not signer.verifies(signed.replace(b"inside.example", b"inside.exampel"))
        assert not signer.verifies(signed.replace(b"Subject: ", b"Subject: no "))


@pytest.mark.parametrize("name", LONG_LINES)
def test_without_care_a_long_line_would_have_broken_the_signature(signer: DkimSigner, name: str) -> None:
    careless = LONG_LINES[name].replace(b"https://example.com/a", FixedSealer(1200).link(1, "").encode())
    assert not signer.verifies(relayed(signer.signed(careless, b"relaxed/relaxed")))
