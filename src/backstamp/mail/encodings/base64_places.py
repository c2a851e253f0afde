"""base64_places: where each character of a base64 text stands among its line ends and blanks."""

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Final

BLANK: Final = b" \t\r\n"
_BLOCK: Final = 4096
_SIGN: Final = re.compile(rb"[^ \t\r\n]")


class Base64Places:
    """The places of the `count` characters of the body `raw[start:end]` that are not blank.

    Where all lines are equally long, as every encoder writes them, a place is reckoned; else it is looked up
    in counts of each block, so that neither one endless line nor a million short ones cost more than once.
    """

    def __init__(self, raw: bytes, start: int, end: int, count: int) -> None:
        self.count = count
        self._raw = raw
        self._start = start
        found = _SIGN.search(raw, start, end)
        self.first = found.start() if found is not None else start
        self.end = _behind_last(raw, self.first, end)
        line_end = _line_end(raw, self.first, self.end)
        self.newline = (
            b"\r\n" if raw.startswith(b"\r\n", line_end, end) else raw[line_end : min(line_end + 1, end)]
        )
        self.width = line_end - self.first
        self.one_line = line_end == self.end
        self.regular = self._is_regular()
        self._before: list[int] | None = None

    def _is_regular(self) -> bool:
        stride = self.width + len(self.newline)
        if not stride:
            return True
        lines = (self.end - self.first - 1) // stride
        if self.end - self.first - self.count != lines * len(self.newline):
            return False
        return all(
            self._raw[self.first + self.width + at : self.end : stride] == self.newline[at : at + 1] * lines
            for at in range(len(self.newline))
        )

    def offset(self, character: int) -> int:
        """Return where a character stands, the first being 0; the end of the text for those behind it."""
        if character >= self.count:
            return self.end
        if self.regular:
            return self.first + character + character // self.width * len(self.newline)
        raw, start, end = self._raw, self._start, self.end
        if self._before is None:
            blocks = range(start, end, _BLOCK)
            sizes = (len(raw[at : min(at + _BLOCK, end)].translate(None, BLANK)) for at in blocks)
            self._before = list(accumulate(sizes, initial=0))
        block = bisect_right(self._before, character) - 1
        wanted = character - self._before[block]
        low, high = start + block * _BLOCK, min(start + (block + 1) * _BLOCK, end)
        while high - low > 1:
            middle = (low + high) // 2
            here = len(raw[low:middle].translate(None, BLANK))
            if wanted < here:
                high = middle
            else:
                wanted -= here
                low = middle
        return low


def _behind_last(raw: bytes, start: int, end: int) -> int:
    """Return the end of a body without blanks; `start` where nothing else is in it."""
    while end > start:
        begin = max(start, end - _BLOCK)
        tail = raw[begin:end].rstrip(BLANK)
        if tail:
            return begin + len(tail)
        end = begin
    return start


def _line_end(body: bytes, start: int, end: int) -> int:
    """Return where the line that begins at `start` ends, `end` where no other follows."""
    line_feed = body.find(b"\n", start, end)
    stop = line_feed if line_feed >= 0 else end
    carriage = body.find(b"\r", start, stop)
    return carriage if carriage >= 0 else stop
