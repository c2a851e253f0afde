"""reply: what a server answers to a command: code, enhanced status, text (RFC 5321 §4.2, RFC 3463)."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

MAX_LINE: Final = 2048
"""RFC 5321 §4.5.3.1.5 allows 512 octets; servers in the field write longer ones."""
MAX_LINES: Final = 100
"""Lines of one reply that are kept."""
MOST_LINES: Final = 10_000
"""A reply of more lines is none: it has no end."""

_LINE: Final = re.compile(rb"([2-5][0-9][0-9])(?:([ \t-])(.*))?", re.DOTALL)
_ENHANCED: Final = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class BadReplyError(ValueError):
    """What came is no SMTP reply."""


class Reply(msgspec.Struct, frozen=True):
    """A reply. `lines` are its texts without the code, at least one; an enhanced status is part of them."""

    code: int
    lines: tuple[str, ...]

    @property
    def positive(self) -> bool:
        """Whether the command was carried out (2yz)."""
        return 200 <= self.code < 300

    @property
    def intermediate(self) -> bool:
        """Whether the server waits for more (3yz)."""
        return 300 <= self.code < 400

    @property
    def transient(self) -> bool:
        """Whether it is worth trying again (4yz)."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """Whether it was refused for good (5yz)."""
        return self.code >= 500

    @property
    def enhanced_status(self) -> str:
        """The enhanced status code ("5.1.1"), or an empty string."""
        match = _ENHANCED.match(self.lines[0])
        return match[1] if match is not None else ""

    @property
    def text(self) -> str:
        """The text on one line, without enhanced status codes."""
        return " ".join(_ENHANCED.sub("", line, count=1).strip() for line in self.lines).strip()

    def encode(self) -> bytes:
        """Return the bytes to send."""
        *first, last = self.lines
        text = f"{self.code} {last}\r\n"
        if first:
            text = "".join(f"{self.code}-{line}\r\n" for line in first) + text
        return text.encode("utf-8", "surrogateescape")


def reply(code: int, *lines: str) -> Reply:
    """Return a reply of our own; each line begins with its enhanced status where it has one."""
    return Reply(code, lines)


async def read_reply(read_line: Callable[[], Awaitable[bytes]]) -> Reply:
    """Read one reply line by line. Control characters become "?". Raises `BadReplyError`.

    An acceptance that is not understood makes a double at every retry: lines that are too many are cut, and
    where codes differ within their kind the last one counts, as with Postfix.
    """
    code = 0
    lines: list[str] = []
    for _ in range(MOST_LINES):
        match = _LINE.fullmatch(await read_line())
        if match is None or (code and int(match[1]) // 100 != code // 100):
            raise BadReplyError("not a reply")
        code = int(match[1])
        if len(lines) < MAX_LINES:
            text = (match[3] or b"").decode("utf-8", "surrogateescape")
            lines.append(_CONTROL.sub("?", text))
        if match[2] != b"-":
            return Reply(code, tuple(lines))
    raise BadReplyError("a reply without an end")
