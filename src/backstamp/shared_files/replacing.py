"""A file that is replaced as a whole: a reader sees the old one or the new one, also after a power cut."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from backstamp.journal.layout import sync_directory

_RANDOM_BYTES: Final = 4


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write, which is put in the place of the old one when the block ends.

    Where the block raises, or the disk does (OSError), the old one stands and nothing is left of the new one.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(_RANDOM_BYTES)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o640)  # whatever the umask: gateway and edge may be other users
            yield file
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_directory(path.parent)


def remove_unfinished(directory: Path, pattern: str) -> None:
    """Remove what processes that were killed left of new files whose names match; nobody may write one now.

    Raises:
        OSError: something cannot be removed.
    """
    for left in directory.glob(f".{pattern}.{'[0-9a-f]' * 2 * _RANDOM_BYTES}"):
        left.unlink(missing_ok=True)


def replace_file(path: Path, *data: bytes | memoryview) -> None:
    """Put a file of these octets in the place of the old one. Raises OSError; the old one stands then."""
    with replacing(path) as file:
        file.writelines(data)
