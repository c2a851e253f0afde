"""OpenPGP by GnuPG: PGP/MIME (RFC 3156), and armour within a text; the keys are the test's own."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.daemons import require
from tests.rewriting.messages import part
from tests.rewriting.signatures.tools import in_crlf, run

_ADA = "ada@example.com"
_BOUNDARY = b"=_pgp"


class Pgp:
    """Signs and encrypts as Ada. All entities and texts are in CRLF."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._gpg = [require("gpg"), "--homedir", home, "--batch", "--quiet", "--trust-model", "always"]
        without_passphrase = ["--passphrase", "", "--pinentry-mode", "loopback"]
        run([*self._gpg, *without_passphrase, "--quick-generate-key", _ADA, "default", "default", "never"])

    def signed(self, entity: bytes) -> bytes:
        """Return a multipart/signed (RFC 3156 §5)."""
        signature = in_crlf(run([*self._gpg, "--armor", "--detach-sign"], entity))
        kind = b'signed; micalg=pgp-sha512;\r\n\tprotocol="application/pgp-signature"'
        return _multipart(kind, entity, part("application/pgp-signature", signature.decode()))

    def verified(self, entity: bytes) -> bytes:
        """Return what was signed; fail where the signature does not hold."""
        content, signature = _parts(entity)
        armour = self._home / "signature.asc"
        armour.write_bytes(signature.partition(b"\r\n\r\n")[2])
        run([*self._gpg, "--verify", armour, "-"], content)
        return content

    def encrypted(self, entity: bytes) -> bytes:
        """Return a multipart/encrypted (RFC 3156 §4)."""
        kind = b'encrypted; protocol="application/pgp-encrypted"'
        control = part("application/pgp-encrypted", "Version: 1\r\n")
        armour = self.text_encrypted(entity).decode()
        return _multipart(kind, control, part("application/octet-stream", armour))

    def decrypted(self, entity: bytes) -> bytes:
        """Return the plaintext of a multipart/encrypted."""
        _, encrypted = _parts(entity)
        return self.text_decrypted(encrypted)

    def text_signed(self, text: bytes) -> bytes:
        """Return a text in the cleartext signature framework (RFC 9580 §7)."""
        return in_crlf(run([*self._gpg, "--clearsign"], text))

    def text_verified(self, text: bytes) -> bytes:
        """Return the text that was signed; fail where the signature does not hold."""
        return run([*self._gpg, "--decrypt"], text)

    def text_encrypted(self, text: bytes) -> bytes:
        """Return an armoured encrypted text (RFC 9580 §6)."""
        return in_crlf(run([*self._gpg, "--armor", "--encrypt", "--recipient", _ADA], text))

    def text_decrypted(self, text: bytes) -> bytes:
        """Return the plaintext of the armour within a text."""
        return run([*self._gpg, "--decrypt"], text)


@contextmanager
def new_pgp() -> Iterator[Pgp]:
    """Give a `Pgp` with a new key. The directory is short: the agent's socket lies in it."""
    require("gpg")
    home = Path(tempfile.mkdtemp(prefix="gpg-"))
    try:
        yield Pgp(home)
    finally:
        run([require("gpgconf"), "--homedir", home, "--kill", "all"])
        shutil.rmtree(home, ignore_errors=True)


def _multipart(kind: bytes, first: bytes, second: bytes) -> bytes:
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/" + kind + b';\r\n\tboundary="' + _BOUNDARY + b'"'
    mark = b"\r\n--" + _BOUNDARY
    return head + b"\r\n" + mark + b"\r\n" + first + mark + b"\r\n" + second + mark + b"--\r\n"


def _parts(entity: bytes) -> tuple[bytes, bytes]:
    """Return both parts; the line end before a delimiter is not of the part (RFC 3156 §5)."""
    mark = b"\r\n--" + _BOUNDARY
    _, first, second = entity.partition(mark + b"--")[0].split(mark + b"\r\n")
    return first, second
