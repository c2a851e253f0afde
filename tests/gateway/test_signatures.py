"""Signed parts of received mail stay as they are only where their author signed them, and is trusted."""

import base64
import datetime
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID

from backstamp.gateway.rewriter.signatures import Trust, held_parts
from tests.daemons import require

ANN = "ann@example.org"
HEADER = b"From: Ann <ann@example.org>\r\nSubject: hi\r\n"
CONTENT = b'Content-Type: text/html\r\n\r\n<a href="https://www.example.com/">x</a>\r\n'
DAY = datetime.timedelta(days=1)


class Authority:
    """Somebody who signs certificates for mail addresses."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(subject, self.key.public_key(), subject, is_authority=True)
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        issuer: x509.Name,
        *,
        is_authority: bool,
        address: str = "",
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(
            issuer, subject, key, x509.random_serial_number(), now - DAY, now + DAY
        ).add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        if address:
            names = x509.SubjectAlternativeName([x509.RFC822Name(address)])
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(names, critical=False).add_extension(purpose, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def signature(self, address: str, content: bytes) -> bytes:
        """Return a detached signature by a certificate for the address."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
        certificate = self._sign(
            subject, key.public_key(), self.certificate.subject, is_authority=False, address=address
        )
        builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
        options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
        signed = builder.add_signer(certificate, key, hashes.SHA256())
        return signed.sign(serialization.Encoding.DER, options)


def signatures_hold(mail: bytes, sender: str, trust: Trust) -> bool:
    return bool(held_parts(mail, sender, trust))


def message(
    signature: bytes, content: bytes = CONTENT, kind: bytes = b"application/pkcs7-signature"
) -> bytes:
    """Return a signed message; the last line end before a delimiter belongs to the delimiter."""

    encoded = base64.encodebytes(signature).replace(b"\n", b"\r\n")
    return (
        HEADER
        + b'Content-Type: multipart/signed; boundary="b"\r\n\r\n--b\r\n'
        + CONTENT
        + b"\r\n--b\r\nContent-Type: "
        + kind
        + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + encoded
        + b"--b--\r\n"
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    return Authority(tmp_path_factory.mktemp("authority"))


def test_a_signature_by_the_author_under_a_trusted_authority_holds(authority: Authority) -> None:
    mail = message(authority.signature(ANN, CONTENT))
    assert signatures_hold(mail, "Ann@Example.ORG", Trust(smime_ca=str(authority.path)))
    assert signatures_hold(mail.replace(b"\r\n", b"\n"), ANN, Trust(smime_ca=str(authority.path)))


def test_a_signature_holds_for_nobody_else_and_nothing_else(authority: Authority, tmp_path: Path) -> None:
    trust = Trust(smime_ca=str(authority.path))
    mail = message(authority.signature(ANN, CONTENT))
    assert not signatures_hold(mail, "eve@example.org", trust)
    assert not signatures_hold(mail, "", trust)
    assert not signatures_hold(mail.replace(b"www.example.com", b"evil.example.com"), ANN, trust)
    assert not signatures_hold(mail, ANN, Trust(smime_ca=str(Authority(tmp_path, "stranger").path)))
    assert not signatures_hold(mail, ANN, Trust())
    assert not signatures_hold(message(b"no signature"), ANN, trust)
    assert not signatures_hold(message(Authority(tmp_path, "own").signature(ANN, CONTENT)), ANN, trust)


def test_an_authority_that_only_the_system_trusts_counts_for_nothing(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    assert not signatures_hold(message(authority.signature(ANN, CONTENT)), ANN, Trust())


def test_what_stands_beside_the_signed_part_is_not_signed(authority: Authority) -> None:
    trust = Trust(smime_ca=str(authority.path))
    signature = authority.signature(ANN, CONTENT)
    third = message(signature).replace(
        b"--b--", b"--b\r\nContent-Type: text/html\r\n\r\n<a href=x>y</a>\r\n--b--"
    )
    assert not signatures_hold(third, ANN, trust)
    assert not signatures_hold(HEADER + b"\r\nplain\r\n", ANN, trust)


def test_a_signature_that_holds_excuses_no_other_part(authority: Authority) -> None:
    inner = message(authority.signature(ANN, CONTENT)).removeprefix(HEADER)
    mail = (
        HEADER
        + b'Content-Type: multipart/mixed; boundary="o"\r\n\r\n--o\r\n'
        + inner
        + b"\r\n--o\r\nContent-Type: text/plain\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nx\r\n--o--\r\n"
    )
    assert held_parts(mail, ANN, Trust(smime_ca=str(authority.path))) == {"1.1"}


@pytest.mark.daemon
def test_an_openpgp_signature_holds_by_a_key_of_the_keyring(tmp_path: Path) -> None:
    program = require("gpg")
    require("gpgv")

    # Its agent listens in there, and the name of a socket has 107 octets at most.
    with tempfile.TemporaryDirectory(prefix="gpg", dir="/tmp", ignore_cleanup_errors=True) as home:

        def gpg(*arguments: str, data: bytes = b"") -> bytes:
            command = [str(program), "--homedir", home, "--batch", "--pinentry-mode", "loopback"]
            command += ["--passphrase", ""]
            done = subprocess.run([*command, *arguments], input=data, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr
            return done.stdout

        # gpg itself waits 5 s for its agent, which a busy machine may not start so soon.
        subprocess.run(
            [require("gpg-agent"), "--homedir", home, "--daemon"], stdout=subprocess.DEVNULL, check=True
        )
        # Of another day: a clock that is set back meanwhile makes no key younger than what it has signed.
        key = ("--faked-system-time", "20260101T120000", "--quick-gen-key", f"Ann <{ANN}>")
        gpg(*key, "ed25519", "sign", "never")
        keyring = tmp_path / "keys.gpg"
        keyring.write_bytes(gpg("--export"))
        signature = gpg("--detach-sign", "--armor", data=CONTENT)
    mail = message(signature, kind=b"application/pgp-signature")
    trust = Trust(pgp_keyring=str(keyring))
    assert signatures_hold(mail, ANN, trust)
    assert not signatures_hold(mail, "eve@example.org", trust)
    assert not signatures_hold(mail.replace(b"www.example.com", b"evil.example.com"), ANN, trust)
    assert not signatures_hold(mail, ANN, Trust())


@pytest.mark.parametrize(("program", "kind"), [("openssl", b"pkcs7"), ("gpgv", b"pgp")])
def test_what_is_verified_has_no_name_on_the_disk(
    program: str, kind: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rewriter that is killed meanwhile leaves nothing of a mail behind."""
    temporary, seen = tmp_path / "temporary", tmp_path / "seen"
    temporary.mkdir()
    instead = tmp_path / program
    instead.write_text(f"#!/bin/sh\nls -A {temporary} > {seen}\nexit 1\n")
    instead.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    signed = message(b"signature", kind=b"application/" + kind + b"-signature")

    trust = Trust(smime_ca=str(tmp_path / "authorities"), pgp_keyring=str(tmp_path / "keyring"))
    assert not signatures_hold(signed, ANN, trust)
    assert seen.read_text() == ""
