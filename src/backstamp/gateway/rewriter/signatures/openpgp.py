"""openpgp: OpenPGP signatures (RFC 3156), by gpgv where it is installed, and a keyring that was given."""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

_SECONDS: Final = 10
_GOOD: Final = re.compile(r"^\[GNUPG:\] GOODSIG [0-9A-F]+ (?P<user>.*)$", re.MULTILINE)
_BAD: Final = re.compile(r"^\[GNUPG:\] (?:BADSIG|ERRSIG|EXPSIG|EXPKEYSIG|REVKEYSIG) ", re.MULTILINE)
_ADDRESS: Final = re.compile(r"<([^<>]+)>\s*\Z")


def is_signed_by(sender: str, signed: bytes, signature: bytes, keyring: str) -> bool:
    """Return whether an OpenPGP signature holds, and its key is the sender's.

    Args:
        sender: an address in any case; the key's user id must end in it.
        signed: the signed part with its header, lines ending in CRLF.
        signature: armoured or binary.
        keyring: path of the keys that count, as `gpg --export` writes them.
    """
    with tempfile.TemporaryDirectory(prefix="backstamp-") as folder:
        content, detached = Path(folder) / "content", Path(folder) / "signature"
        content.write_bytes(signed)
        detached.write_bytes(signature)
        command = [
            "gpgv",
            "--homedir",
            folder,
            "--keyring",
            str(Path(keyring).absolute()),
            "--status-fd",
            "1",
        ]
        try:
            done = subprocess.run(
                [*command, "--", str(detached), str(content)],
                timeout=_SECONDS,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    status = done.stdout.decode("utf-8", "replace")
    good = _GOOD.findall(status)
    if done.returncode != 0 or len(good) != 1 or _BAD.search(status):
        return False
    address = _ADDRESS.search(good[0])
    return address is not None and address[1].lower() == sender.lower()
