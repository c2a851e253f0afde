"""A small disk of its own for a test: in memory, to be filled or made read-only."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BLOCK = bytes(1 << 16)


def small_disk(place: Path, megabytes: int) -> "Disk":
    """Mount one; skip where we may not mount."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount a disk for a test (CI is)")
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "backstamp-test", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    return Disk(place)


class Disk:
    """A mounted tmpfs."""

    def __init__(self, place: Path) -> None:
        self.place = place

    @contextmanager
    def full(self) -> Iterator[None]:
        """Fill it to the last byte, and give the space back."""
        filler = self.place / "filler"
        with filler.open("wb", buffering=0) as out:
            for size in (len(BLOCK), 4096, 1):
                try:
                    while out.write(BLOCK[:size]) == size:
                        pass
                except OSError:
                    continue
        try:
            yield
        finally:
            filler.unlink()

    def try_read_only(self, read_only: bool) -> bool:
        """Mount it anew; False while somebody has a file open for writing."""
        mode = "ro" if read_only else "rw"
        return (
            subprocess.run(
                ["mount", "-o", f"remount,{mode}", str(self.place)], capture_output=True, check=False
            ).returncode
            == 0
        )

    def remove(self) -> None:
        """Unmount it, whoever still uses it."""
        for _ in range(50):
            if subprocess.run(["umount", str(self.place)], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)
        subprocess.run(["umount", "-l", str(self.place)], check=True)
