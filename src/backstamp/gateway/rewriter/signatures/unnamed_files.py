"""unnamed_files: what another program reads by a path, without a name on the disk."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def unnamed_file(content: bytes = b"") -> Iterator[IO[bytes]]:
    """Yield an open file without a name: gone with its last holder, also where that one is killed.

    Signatures are looked at in a process that mail may cost its life; mail must not stay behind in a
    folder of temporary files.

    Raises:
        OSError: the disk is full, or may not be written.
    """
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file


def path_of(file: IO[bytes]) -> str:
    """Return a path by which a program that was given the file's descriptor (`pass_fds`) opens it."""
    return f"/dev/fd/{file.fileno()}"
