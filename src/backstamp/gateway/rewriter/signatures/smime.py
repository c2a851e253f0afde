"""smime: S/MIME signatures (RFC 8551), by OpenSSL's own program: no Python library verifies them."""

import subprocess
from typing import Final

from cryptography import x509

from backstamp.gateway.rewriter.signatures.unnamed_files import path_of, unnamed_file

_SECONDS: Final = 10


def is_signed_by(sender: str, signed: bytes, signature: bytes, authorities: str) -> bool:
    """Return whether an S/MIME signature holds, and its certificate is the sender's.

    Args:
        sender: an address in any case; it must stand in the certificate (RFC 8550 §3).
        signed: the signed part with its header, lines ending in CRLF.
        signature: DER.
        authorities: path of PEM certificates.
    """
    try:
        with unnamed_file(signed) as content, unnamed_file(signature) as der, unnamed_file() as signer:
            command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", path_of(der)]
            command += ["-content", path_of(content), "-binary", "-purpose", "smimesign"]
            command += ["-signer", path_of(signer), "-out", "/dev/null"]
            command += ["-CAfile", authorities, "-no-CApath", "-no-CAstore"]
            done = subprocess.run(
                command,
                timeout=_SECONDS,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                pass_fds=[file.fileno() for file in (content, der, signer)],
            )
            if done.returncode != 0:
                return False
            certificates = x509.load_pem_x509_certificates(signer.read())
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return False
    # Several may have signed; then it is not the sender's word alone.
    return len(certificates) == 1 and sender.lower() in _addresses(certificates[0])


def _addresses(certificate: x509.Certificate) -> set[str]:
    found: list[str] = []
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found += names.get_values_for_type(x509.RFC822Name)
    except (x509.ExtensionNotFound, ValueError):
        pass
    subject = certificate.subject.get_attributes_for_oid(x509.NameOID.EMAIL_ADDRESS)
    found += [str(attribute.value) for attribute in subject]
    return {address.lower() for address in found}
