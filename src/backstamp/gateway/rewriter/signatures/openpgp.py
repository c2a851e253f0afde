"""openpgp: OpenPGP signatures (RFC 3156), by gpgv where it is installed, and a keyring that was given."""

import re
import subprocess
from pathlib import Path
from typing import Final

from backstamp.gateway.rewriter.signatures.unnamed_files import path_of, unnamed_file

_SECONDS: Final = 10
_NO_FOLDER: Final = "/nonexistent"
"""The home of gpgv, so that nobody's own keys and options count."""
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
    keys = str(Path(keyring).absolute())
    command = ["gpgv", "--homedir", _NO_FOLDER, "--keyring", keys, "--status-fd", "1"]
    try:
        with unnamed_file(signed) as content, unnamed_file(signature) as detached:
            done = subprocess.run(
                [*command, "--", path_of(detached), path_of(content)],
                timeout=_SECONDS,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                pass_fds=[content.fileno(), detached.fileno()],
            )
    except (OSError, subprocess.TimeoutExpired):
        return False
    status = done.stdout.decode("utf-8", "replace")
    good = _GOOD.findall(status)
    if done.returncode != 0 or len(good) != 1 or _BAD.search(status):
        return False
    address = _ADDRESS.search(good[0])
    return address is not None and address[1].lower() == sender.lower()
