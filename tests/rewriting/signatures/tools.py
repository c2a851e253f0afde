"""Programs that sign, verify, encrypt and decrypt: octets in, octets out."""

import subprocess
from collections.abc import Sequence


def run(command: Sequence[object], given: bytes = b"") -> bytes:
    """Return what a program writes; fail with what it says when it does not end with 0."""
    done = subprocess.run([str(word) for word in command], input=given, capture_output=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr.decode(errors='replace')}"
    return done.stdout


def in_crlf(raw: bytes) -> bytes:
    """Return the octets as they travel by SMTP, whichever way they are kept."""
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
