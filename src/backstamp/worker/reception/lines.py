"""Commands and mail data from a stream: lines end with CR LF and with nothing else."""

import re
from asyncio import StreamReader
from typing import Final

_END: Final = b"\r\n.\r\n"
_CHUNK: Final = 65_536
_BARE: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)")


class LineTooLongError(ValueError):
    """A command line is longer than allowed; the rest of it was not read."""


class MailDataError(ValueError):
    """Mail data was read to its end but cannot be taken; the text is an SMTP reply."""


class LineSource:
    """Reads a stream as SMTP wants it. Raises `EOFError` where the other side is gone."""

    def __init__(self, stream: StreamReader) -> None:
        self._stream = stream
        self._buffer = b""

    async def line(self, limit: int) -> bytes:
        """Return the next line without its CR LF. Raises `LineTooLongError`."""
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > limit:
                raise LineTooLongError
            await self._more()
        if end > limit:
            raise LineTooLongError
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    async def mail_data(self, limit: int) -> bytes:
        """Return mail data up to the lone dot, leading dots taken off (RFC 5321 §4.5.2).

        Raises `MailDataError` when it is larger than `limit` octets, or holds a CR or LF that stands alone:
        programs differ about such line ends, and mails have been smuggled past a filter by them.
        """
        # The dot may be the very first line: as if the CR LF of DATA stood before it.
        data = bytearray(b"\r\n")
        searched = 0
        too_large = False
        while True:
            data += self._buffer
            self._buffer = b""
            end = data.find(_END, searched)
            if end >= 0:
                break
            searched = max(0, len(data) - len(_END) + 1)
            if len(data) > limit + len(_END) + 2:
                too_large = True
                # Keep what may be the beginning of the end.
                del data[: len(data) - len(_END) + 1]
                searched = 0
            await self._more()
        self._buffer = bytes(data[end + len(_END) :])
        if too_large:
            raise MailDataError("552 5.3.4 This mail is larger than the whole mailbox may be")
        mail = bytes(data[: end + 2])
        if _BARE.search(mail):
            raise MailDataError("554 5.6.0 Lines must end with CR LF, never with CR or LF alone")
        mail = mail.replace(b"\r\n.", b"\r\n")[2:]
        if len(mail) > limit:
            raise MailDataError("552 5.3.4 This mail is larger than the whole mailbox may be")
        return mail

    async def _more(self) -> None:
        chunk = await self._stream.read(_CHUNK)
        if not chunk:
            raise EOFError
        self._buffer += chunk
