"""A file that is replaced as a whole: a reader sees the old one or the new one, also after a power cut."""

import contextlib
import os
import secrets
from pathlib import Path

from backstamp.journal.layout import sync_directory


def replace_file(path: Path, data: bytes) -> None:
    """Put a file in the place of the old one. Raises OSError; the old one stands then."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o640)  # whatever the umask: gateway and edge may be other users
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_directory(path.parent)
