"""The bytes of a file that somebody else made: unpacked, and bounded in all directions."""

import codecs
import contextlib
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import IO, Final, Protocol, cast

from backstamp.worker.feeds.lists.entries import Drop, FeedError, Tally

LONGEST_LINE: Final = 16_384
"""A URL of a feed; browsers take longer ones, but nobody mails them."""
MOST_LINES: Final = 10_000_000
"""Twice as many as a list may have entries. 200 million are 0.2 MB of gzip, and took ten minutes."""
_FIRST: Final = 64
"""Bytes within which it shows what a file is."""
_GZIP: Final = b"\x1f\x8b"
_BROKEN: Final = (
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    NotImplementedError,
)
_ZIP: Final = b"PK\x03\x04"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
"""How files begin that Windows calls Unicode."""


class _Peekable(Protocol):
    """What files, gzip's and zip's streams have all."""

    def peek(self, size: int, /) -> bytes:
        """Return what comes next, and leave it there."""


class Unpacked:
    """A stream that unpacks to at most so many bytes; `is_whole`: its end cannot be missing."""

    def __init__(self, stream: IO[bytes], max_bytes: int, *, is_whole: bool = True) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._is_whole = is_whole
        self._found = 0

    def read(self) -> bytes:
        """Return all that is left. Raises FeedError where it is too much, or cannot be unpacked."""
        return self._counted(lambda: self._stream.read(self._max_bytes - self._found + 1))

    def begins_with(self, mark: bytes) -> bool:
        """Whether it begins so, after blanks and a byte order mark. Raises FeedError."""
        try:
            first = cast("_Peekable", self._stream).peek(_FIRST)[:_FIRST]
        except _BROKEN:
            raise FeedError("it cannot be unpacked") from None
        return first.removeprefix(codecs.BOM_UTF8).lstrip().startswith(mark)

    def lines(self, tally: Tally) -> Iterator[str]:
        """Yield the lines without their ends; one that is too long is counted and left out.

        So is the last one where it has no end and that may be missing: a page that is cut short may be a
        whole host. Octets that are no UTF-8 come as surrogates: they may stand in a comment.

        Raises:
            FeedError: it is too much, or cannot be unpacked.
        """
        whole = True
        for number in count(1):
            line = self._counted(lambda: self._stream.readline(LONGEST_LINE))
            if not line:
                return
            if number > MOST_LINES:
                raise FeedError(f"it has more than {MOST_LINES} lines")
            ends = line.endswith(b"\n")
            if whole and (ends or (self._is_whole and len(line) < LONGEST_LINE)):
                yield line.decode("utf-8", "surrogateescape").strip("\ufeff\r\n\t ")
            elif whole:
                tally[Drop.MALFORMED] += 1
            whole = ends

    def _counted(self, read: Callable[[], bytes]) -> bytes:
        try:
            data = read()
        except _BROKEN:
            raise FeedError("it cannot be unpacked") from None
        self._found += len(data)
        if self._found > self._max_bytes:
            raise FeedError(f"it unpacks to more than {self._max_bytes} bytes")
        return data


@contextlib.contextmanager
def unpacked(path: Path, max_bytes: int, *, is_whole: bool = True) -> Iterator[Unpacked]:
    """Open a file: as it is, or the inside of gzip, or the first file of a zip archive; its bytes tell which.

    `is_whole`: it is known that its end is not missing; archives tell that themselves.

    Raises:
        FeedError: the archive is broken, or it is UTF-16.
        OSError: the file cannot be read.
    """
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        inside: IO[bytes] = file
        magic = file.read(len(_ZIP))
        file.seek(0)
        if magic.startswith(_UTF_16):
            raise FeedError("it is UTF-16, and has to be UTF-8")
        if magic.startswith(_GZIP):
            inside = cast("IO[bytes]", stack.enter_context(gzip.GzipFile(fileobj=file)))
        elif magic == _ZIP:
            inside = stack.enter_context(_first_of_archive(file))
        yield Unpacked(inside, max_bytes, is_whole=is_whole or inside is not file)


def _first_of_archive(file: IO[bytes]) -> IO[bytes]:
    try:
        archive = zipfile.ZipFile(file)
        return archive.open(archive.infolist()[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, IndexError, EOFError):
        raise FeedError("it cannot be unpacked") from None
