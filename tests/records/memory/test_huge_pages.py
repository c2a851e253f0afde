"""The heap is put into huge pages, and nothing else is."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from backstamp.records.memory import huge_pages
from backstamp.records.memory import today as memory
from backstamp.records.memory.huge_pages import gather, pieces
from backstamp.records.memory.today import GATHERED_EVERY, Memory

MB = 1 << 20
HUGE = 2 * MB

_LOOK = """
    import mmap, re
    from pathlib import Path
    from backstamp.records.memory.huge_pages import gather

    def kilobytes(name):
        rollup = Path("/proc/self/smaps_rollup").read_text()
        return int(re.search(rf"^{name}: *([0-9]+) kB", rollup, re.M)[1])
"""


@pytest.fixture
def _kernel() -> None:
    """A kernel that can (Linux 6.1)."""
    release = Path("/proc/sys/kernel/osrelease")
    size = Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")
    if not size.exists() or tuple(map(int, release.read_text().split(".")[:2])) < (6, 1):
        pytest.skip("this kernel puts no heap into huge pages: Linux 6.1 does")


def in_own_process(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", dedent(_LOOK) + dedent(code)], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.usefixtures("_kernel")
def test_a_heap_of_small_objects_comes_to_lie_in_huge_pages_and_is_what_it_was() -> None:
    huge, same = in_own_process(
        """
        held = [(number, str(number).encode()) for number in range(400_000)]
        gather()
        print(kilobytes("AnonHugePages"), held == [(n, str(n).encode()) for n in range(400_000)])
        """
    )
    assert int(huge) > 4 * 1024  # of about 50 MB: where memory is short, not all of it comes to be
    assert same == "True"


@pytest.mark.usefixtures("_kernel")
def test_memory_that_is_hardly_used_takes_no_more_than_before() -> None:
    before, after = in_own_process(
        """
        gather()
        hardly = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for at in range(0, 64 << 20, 1 << 20):
            hardly[at] = 1
        before = kilobytes("Rss")
        gather()
        print(before, kilobytes("Rss"))
        """
    )
    assert int(after) - int(before) < 8 * 1024


def test_only_whole_pieces_of_the_processs_own_memory_are_gathered() -> None:
    maps = """\
55d0c0000000-55d0c0400000 rw-p 00000000 fe:00 131 /usr/bin/python3.11
55d0c1000000-55d0c1600000 rw-p 00000000 00:00 0 [heap]
7f0000100000-7f0000500000 rw-p 00000000 00:00 0
7f0001000000-7f0001400000 r-xp 00000000 fe:00 7 /usr/lib/libc.so.6
7f0002000000-7f0002400000 rw-s 00000000 fe:00 9 /data/backstamp.db-shm
7f0003000000-7f0003400000 ---p 00000000 00:00 0
7f0004000000-7f0004200000 rw-p 00000000 00:00 0 [anon:cpython:pymalloc]
7f0005000000-7f00051ff000 rw-p 00000000 00:00 0
7ffc00000000-7ffc00400000 rw-p 00000000 00:00 0 [stack]
"""
    assert pieces(maps.splitlines(), HUGE) == [
        *(0x55D0C1000000, 0x55D0C1200000, 0x55D0C1400000),
        0x7F0000200000,  # the piece before and the one behind are cut off
        0x7F0004000000,
    ]


def test_a_system_that_has_no_huge_pages_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(huge_pages, "_SIZE", tmp_path / "no such file")
    monkeypatch.setattr(huge_pages, "pieces", lambda *_: pytest.fail("nothing is to be looked at"))
    gather()


def test_memory_is_gathered_once_in_so_many_records(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[int] = []
    monkeypatch.setattr(memory, "gather", lambda: times.append(1))
    held, seen = Memory(), []
    for _ in range(12):
        held.grown(GATHERED_EVERY // 5)
        seen.append(len(times))
    assert seen == [0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2]
