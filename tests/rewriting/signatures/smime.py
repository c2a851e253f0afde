"""S/MIME by OpenSSL (RFC 8551), with a certificate authority of the test's own."""

from pathlib import Path

from tests.daemons import require
from tests.rewriting.signatures.tools import in_crlf, run

_EXTENSIONS = """basicConstraints = CA:false
keyUsage = digitalSignature, keyEncipherment
extendedKeyUsage = emailProtection
subjectAltName = email:ada@example.com
"""


class Smime:
    """Signs and encrypts entities as Ada, in a directory with her key. All entities are in CRLF.

    `dialect` is `cms` (RFC 5652) or `smime`, which writes the older `application/x-pkcs7-...` names.
    """

    def __init__(self, directory: Path) -> None:
        self._openssl = require("openssl")
        self._authority = directory / "ca.pem"
        self._certificate = directory / "ada.pem"
        self._key = directory / "ada.key"
        authority_key, request, extensions = (directory / name for name in ("ca.key", "csr", "extensions"))
        extensions.write_text(_EXTENSIONS)
        new_key = ["-newkey", "rsa:2048", "-nodes"]
        ca_is = ["-addext", "basicConstraints=critical,CA:true", "-subj", "/CN=Test authority", "-days", "2"]
        run(
            [
                self._openssl,
                "req",
                "-x509",
                *new_key,
                "-keyout",
                authority_key,
                "-out",
                self._authority,
                *ca_is,
            ]
        )
        run([self._openssl, "req", *new_key, "-keyout", self._key, "-out", request, "-subj", "/CN=Ada"])
        by = ["-CA", self._authority, "-CAkey", authority_key, "-CAcreateserial", "-days", "2"]
        out = ["-extfile", extensions, "-out", self._certificate]
        run([self._openssl, "x509", "-req", "-in", request, *by, *out])

    def clear_signed(self, entity: bytes, dialect: str) -> bytes:
        """Return a multipart/signed (RFC 8551 §3.5.3)."""
        return self._sign(entity, dialect)

    def opaque_signed(self, entity: bytes, dialect: str) -> bytes:
        """Return an application/pkcs7-mime that holds what was signed (§3.5.2)."""
        return self._sign(entity, dialect, "-nodetach")

    def encrypted(self, entity: bytes, dialect: str) -> bytes:
        """Return an application/pkcs7-mime that only Ada reads (§3.3)."""
        made = run([self._openssl, dialect, "-encrypt", "-aes256", self._certificate], entity)
        return in_crlf(made)

    def verified(self, entity: bytes, dialect: str) -> bytes:
        """Return what was signed; fail where the signature does not hold."""
        command = [self._openssl, dialect, "-verify", "-CAfile", self._authority]
        return run(command, entity)

    def decrypted(self, entity: bytes, dialect: str) -> bytes:
        """Return the plaintext."""
        return run(
            [self._openssl, dialect, "-decrypt", "-inkey", self._key, "-recip", self._certificate], entity
        )

    def _sign(self, entity: bytes, dialect: str, *flags: str) -> bytes:
        signer = ["-signer", self._certificate, "-inkey", self._key]
        return in_crlf(run([self._openssl, dialect, "-sign", *signer, *flags], entity))
