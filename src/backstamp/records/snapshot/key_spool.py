"""key_spool: recipient keys that are gathered piece by piece, and then lie in a file without a name.

Whoever maps them need not hold them: the kernel does, and may let them go again, for they are on the disk.
"""

import mmap
import tempfile
from pathlib import Path
from typing import Self

from backstamp.policy import Keys


class KeySpool:
    """A file in `directory`, written within a `with`; it goes with the last set of keys that lies in it."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError."""
        self._file = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 (`__exit__` closes it)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, keys: Keys) -> None:
        """Put keys behind those that are there. Raises OSError."""
        self._file.write(keys.octets)

    def size(self) -> int:
        """Return how many octets there are."""
        return self._file.tell()

    def octets(self) -> memoryview:
        """Return all that was put in, as `Keys` takes it, whole or in parts. Raises OSError."""
        self._file.flush()
        if not self.size():
            return memoryview(b"")
        return memoryview(mmap.mmap(self._file.fileno(), self.size(), prot=mmap.PROT_READ))
