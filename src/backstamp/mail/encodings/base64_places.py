"""base64_places: where each character of a base64 text stands among its line ends and blanks."""

from bisect import bisect_right
from itertools import accumulate
from typing import Final

BLANK: Final = b" \t\r\n"
_BLOCK: Final = 4096


class Base64Places:
    """The places of the `count` characters of a body that are not blank.

    Where all lines are equally long, as every encoder writes them, a place is reckoned; else it is looked up
    in counts of each block, so that neither one endless line nor a million short ones cost more than once.
    """

    def __init__(self, body: bytes, count: int) -> None:
        self.count = count
        self.first = len(body) - len(body.lstrip(BLANK)) if count else 0
        self.end = len(body.rstrip(BLANK))
        self._body = body
        line_end = _line_end(body, self.first, self.end)
        self.newline = b"\r\n" if body.startswith(b"\r\n", line_end) else body[line_end : line_end + 1]
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
            self._body[self.first + self.width + at : self.end : stride] == self.newline[at : at + 1] * lines
            for at in range(len(self.newline))
        )

    def offset(self, character: int) -> int:
        """Return where a character stands, the first being 0; the end of the text for those behind it."""
        if character >= self.count:
            return self.end
        if self.regular:
            return self.first + character + character // self.width * len(self.newline)
        body = self._body
        if self._before is None:
            sizes = (len(body[at : at + _BLOCK].translate(None, BLANK)) for at in range(0, len(body), _BLOCK))
            self._before = list(accumulate(sizes, initial=0))
        block = bisect_right(self._before, character) - 1
        wanted = character - self._before[block]
        low, high = block * _BLOCK, min((block + 1) * _BLOCK, len(body))
        while high - low > 1:
            middle = (low + high) // 2
            here = len(body[low:middle].translate(None, BLANK))
            if wanted < here:
                high = middle
            else:
                wanted -= here
                low = middle
        return low


def _line_end(body: bytes, start: int, end: int) -> int:
    """Return where the line that begins at `start` ends, `end` where no other follows."""
    line_feed = body.find(b"\n", start, end)
    stop = line_feed if line_feed >= 0 else end
    carriage = body.find(b"\r", start, stop)
    return carriage if carriage >= 0 else stop
