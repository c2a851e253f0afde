"""DKIM by dkimpy (RFC 6376, RFC 8463), with a key of the test's own and a name server that knows it."""

import base64
from typing import Self

import dkim  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

_SELECTOR, _DOMAIN = b"june", b"example.com"


class DkimSigner:
    """Signs for example.com, and verifies."""

    def __init__(self, algorithm: bytes, private: bytes, public: bytes) -> None:
        self._algorithm = algorithm
        self._private = private
        kind = algorithm.partition(b"-")[0]
        self._record = b"v=DKIM1; k=%b; p=%b" % (kind, base64.b64encode(public))

    @classmethod
    def rsa(cls) -> Self:
        """Return a signer by rsa-sha256."""
        key = rsa.generate_private_key(65537, 2048)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(b"rsa-sha256", private, public)

    @classmethod
    def ed25519(cls) -> Self:
        """Return a signer by ed25519-sha256."""
        key = ed25519.Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(b"ed25519-sha256", base64.b64encode(private), public)

    def signed(self, raw: bytes, canonicalization: bytes, *, length: bool = False) -> bytes:
        """Return the message with a DKIM-Signature; with `length` the body may grow (the `l=` tag, §3.5)."""
        header, body = canonicalization.split(b"/")
        field = dkim.sign(
            raw,
            _SELECTOR,
            _DOMAIN,
            self._private,
            canonicalize=(header, body),
            signature_algorithm=self._algorithm,
            length=length,
        )
        assert isinstance(field, bytes)
        return field + raw

    def verifies(self, raw: bytes) -> bool:
        """Return whether the first signature of the message holds."""
        return bool(dkim.verify(raw, dnsfunc=self._look_up))

    def _look_up(self, name: bytes, timeout: int = 5) -> bytes | None:
        return self._record if name == b"june._domainkey.example.com." else None
