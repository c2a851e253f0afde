"""mail_data: the message between DATA and its end, and the leading-dot rule (RFC 5321 §4.1.1.4, §4.5.2).

Only CRLF "." CRLF ends a message.  Whoever writes a bare CR or a bare LF gets the message refused
after its true end was read: taking any other end would let a message smuggle in a second one.

Mail that our own MTA has accepted would be sent back for that, and Postfix before 3.9 hands on what stands
within a line. So there a bare CR becomes a blank, as newer ones make it (`cleanup_replace_stray_cr_lf`).
"""

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Final

from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.protocol.wire import Wire, WireClosedError

MAX_LINE: Final = 1024 * 1024
"""RFC 5322 §2.1.1 says 998 octets. Real mail has longer lines, and it is not ours to break it."""
MAX_DISCARD_FACTOR: Final = 10
"""A message that is refused for its size is read on for at most this many times the size."""
_BARE_CR: Final = re.compile(rb"\r(?!\n)")
_LINE_END: Final = b"\r\n"
_END: Final = b"\r\n.\r\n"

BARE_LINE_END: Final = reply(550, "5.6.0 Bare CR or LF in the message; lines must end in CRLF")
LINE_TOO_LONG: Final = reply(550, f"5.6.0 The message has a line of more than {MAX_LINE} octets")
TOO_LARGE: Final = reply(552, "5.3.4 The message is larger than this server takes")
NO_STORAGE: Final = reply(452, "4.3.1 Not enough memory for the message now, try again later")


class MailDataRefusedError(Exception):
    """The message was read to its end and cannot be taken; `reply` says why."""

    def __init__(self, answer: Reply) -> None:
        super().__init__(answer.text)
        self.reply = answer


class Budget:
    """Memory for all messages that are under way in this process, in octets."""

    def __init__(self, octets: int) -> None:
        self._free = octets

    def take(self, octets: int) -> bool:
        """Reserve, if there is room."""
        if octets > self._free:
            return False
        self._free -= octets
        return True

    def give(self, octets: int) -> None:
        """Give back what was taken."""
        self._free += octets


async def read_mail_data(
    wire: Wire, *, max_size: int, budget: Budget, block_timeout: float, mends: bool = False
) -> bytes:
    """Read a message to its end and return it without transparency dots; it ends in CRLF or is empty.

    The caller gives the message's length back to `budget`. `block_timeout`: seconds within which the
    next piece must come. `mends`: a bare CR becomes a blank. Raises `MailDataRefusedError`,
    `WireClosedError`, `TimeoutError`.
    """
    reader = _Reader(wire, max_size, budget, mends=mends)
    try:
        return await reader.read(block_timeout)
    except BaseException:
        budget.give(reader.taken)
        raise


class _Reader:
    """Goes through a message while it comes: its octets are in memory once, and no turn takes long."""

    def __init__(self, wire: Wire, max_size: int, budget: Budget, *, mends: bool) -> None:
        self._wire = wire
        self._mends = mends
        self._max_size = max_size
        self._budget = budget
        # Gives away what it has gathered as it is; from a bytearray it would have to be copied.
        self._content = BytesIO()
        self._line = 0
        self._refusal: Reply | None = None
        self._discarded = 0
        self.taken = 0

    async def read(self, block_timeout: float) -> bytes:
        pending = _LINE_END  # as if the line before: the end may be the very first line
        before = len(_LINE_END)
        while True:
            self._wire.allow(block_timeout)
            block = await self._wire.read_block()
            pending += block
            end = pending.find(_END)
            if end >= 0:
                break
            piece, pending = _parted(pending)
            if piece:
                self._take_in(piece, before)
                before = 0
            if self._refusal is not None:
                self._discard(len(block))
        self._wire.unread(pending[end + len(_END) :])
        self._take_in(pending[: end + len(_LINE_END)], before)
        if self._refusal is not None:
            raise MailDataRefusedError(self._refusal)
        return self._content.getvalue()

    def _take_in(self, piece: bytes, before: int) -> None:
        """Check a piece, which parts no line end nor its dot, and keep it without the transparency dots.

        `before`: so many octets at its beginning are none of the message's.
        """
        if self._refusal is not None:
            return None
        line_ends = piece.count(_LINE_END)
        bare_cr = line_ends != piece.count(b"\r")
        if line_ends != piece.count(b"\n") or (bare_cr and not self._mends):
            return self._refuse(BARE_LINE_END)
        if self._has_long_line(piece):
            return self._refuse(LINE_TOO_LONG)
        if bare_cr:
            piece = _BARE_CR.sub(b" ", piece)
        piece = piece.replace(b"\r\n.", _LINE_END)
        octets = len(piece) - before
        if self.taken + octets > self._max_size:
            return self._refuse(TOO_LARGE)
        if not self._budget.take(octets):
            return self._refuse(NO_STORAGE)
        self.taken += octets
        self._content.write(piece[before:] if before else piece)
        return None

    def _has_long_line(self, piece: bytes) -> bool:
        """Return whether a line is too long, the one included that began in a piece before."""
        start = 0
        while self._line + len(piece) - start > MAX_LINE:
            end = piece.rfind(b"\n", start, start + MAX_LINE - self._line)
            if end < 0:
                return True
            start, self._line = end + 1, 0
        end = piece.rfind(b"\n", start)
        self._line = len(piece) - end - 1 if end >= 0 else self._line + len(piece) - start
        return False

    def _refuse(self, answer: Reply) -> None:
        self._refusal = answer
        self._content = BytesIO()
        self._budget.give(self.taken)
        self.taken = 0

    def _discard(self, octets: int) -> None:
        self._discarded += octets
        if self._discarded > MAX_DISCARD_FACTOR * self._max_size:
            self._wire.abort()
            raise WireClosedError("far too large")


def _parted(data: bytes) -> tuple[bytes, bytes]:
    """Return what can be gone through now, and the last octets, with which the message's end may begin."""
    for octets in range(len(_END) - 1, 0, -1):
        if data.endswith(_END[:octets]):
            return data[:-octets], data[-octets:]
    return data, b""


def dot_stuffed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a message as it goes over the wire, with transparency dots and its end, in as many pieces."""
    piece, held = b"", _LINE_END  # as if the line before: the dot may be the very first octet
    before = len(_LINE_END)
    for block in blocks:
        if not block:
            continue
        if piece:
            yield piece
        block = held + block
        ends = 2 if block.endswith(_LINE_END) else 1 if block.endswith(b"\r") else 0
        held = block[len(block) - ends :]
        piece = block[: len(block) - ends].replace(b"\r\n.", b"\r\n..")[before:]
        before = 0
    if before:
        yield b".\r\n"
    else:
        yield b"".join((piece, held, b"" if held == _LINE_END else _LINE_END, b".\r\n"))
