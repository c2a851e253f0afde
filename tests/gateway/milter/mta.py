"""An MTA as the milter sees one: packets that it sends, and what it makes of those that it gets."""

import asyncio
import struct
from collections.abc import Iterable
from pathlib import Path

EVERYTHING = (6, 0x1FF, 0x1FFFFF)
"""What Postfix 3.7 offers: version, actions, steps."""
POSTFIX = b"Postfix 3.7.11"


def packet(command: bytes, data: bytes = b"") -> bytes:
    return struct.pack("!I", 1 + len(data)) + command + data


def negotiate(version: int = 6, actions: int = 0x1FF, steps: int = 0x1FFFFF) -> bytes:
    return packet(b"O", struct.pack("!III", version, actions, steps))


def macros(command: bytes, **values: bytes) -> bytes:
    return packet(
        b"D", command + b"".join(b"{%s}\0%s\0" % (name.encode(), value) for name, value in values.items())
    )


def connect(address: bytes = b"192.0.2.1", host: bytes = b"client.example", family: bytes = b"4") -> bytes:
    return packet(b"C", host + b"\0" + family + struct.pack("!H", 25) + address + b"\0")


def header(name: bytes, value: bytes) -> bytes:
    return packet(b"L", name + b"\0" + value + b"\0")


def message(
    fields: Iterable[tuple[bytes, bytes]] = ((b"Subject", b" hi"),),
    body: bytes = b"hello\r\n",
    recipients: tuple[bytes, ...] = (b"bob@example.net",),
) -> bytes:
    """A whole message, as Postfix sends it once all those steps are quiet."""
    return b"".join(
        (
            packet(b"M", b"<ann@example.org>\0BODY=8BITMIME\0"),
            *(packet(b"R", b"<%s>\0" % each) for each in recipients),
            *(header(*each) for each in fields),
            *(packet(b"B", body[start : start + 65535]) for start in range(0, len(body), 65535)),
            packet(b"E"),
        )
    )


def split(data: bytes) -> list[tuple[bytes, bytes]]:
    """Take packets apart: the command and the data of each."""
    found = []
    while data:
        (length,) = struct.unpack_from("!I", data)
        found.append((data[4:5], data[5 : 4 + length]))
        data = data[4 + length :]
    return found


class Model:
    """A message in an MTA, to which changes are made as they come.

    `hidden` fields stand on top and are seen by no milter, but counted where a field is put in. With `marks`,
    fields that were taken away still count, as they do in Sendmail's list.
    """

    def __init__(self, fields: Iterable[bytes], body: bytes, *, hidden: int = 1, marks: bool = False) -> None:
        self._hidden = hidden
        self._marks = marks
        self._list: list[tuple[bytes, bool]] = [(b"Received: us", True)] * hidden
        self._list += [(each, True) for each in fields]
        self._body = body
        self._replaced: list[bytes] = []

    def apply(self, command: bytes, data: bytes) -> None:
        match command:
            case b"i":
                name, value, _ = data[4:].split(b"\0")
                place = struct.unpack_from("!I", data)[0]
                self._list.insert(place, (name + b":" + value, True))
            case b"h":
                name, value, _ = data.split(b"\0")
                self._list.append((name + b":" + value, True))
            case b"m":
                name, value, _ = data[4:].split(b"\0")
                self._change(struct.unpack_from("!I", data)[0], name, value)
            case b"b":
                self._replaced.append(data)
            case _:
                raise AssertionError(command)

    def _change(self, number: int, name: bytes, value: bytes) -> None:
        same = [
            place
            for place, (field, _) in enumerate(self._list)
            if place >= self._hidden and field.partition(b":")[0].lower() == name.lower()
        ]
        place = same[number - 1]
        if value:
            self._list[place] = (name + b":" + value, True)
        elif self._marks:
            self._list[place] = (self._list[place][0], False)
        else:
            del self._list[place]

    @property
    def message(self) -> bytes:
        lines = [field.replace(b"\n", b"\r\n") + b"\r\n" for field, there in self._list if there]
        body = b"".join(self._replaced) if self._replaced else self._body
        return b"".join(lines[self._hidden :]) + b"\r\n" + body


class Mta:
    """An MTA's connection to a milter."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, path: Path, *, hello: bool = True) -> "Mta":
        mta = cls(*await asyncio.open_unix_connection(path))
        if hello:
            mta.say(negotiate())
            await mta.hear()
            mta.say(macros(b"C", v=POSTFIX, daemon_name=b"mx") + connect() + packet(b"H", b"helo.example\0"))
        return mta

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def hear(self) -> tuple[bytes, bytes]:
        async with asyncio.timeout(60):
            (length,) = struct.unpack("!I", await self._reader.readexactly(4))
            data = await self._reader.readexactly(length)
        return data[:1], data[1:]

    async def is_closed(self) -> bool:
        async with asyncio.timeout(60):
            try:
                return await self._reader.read() == b""
            except ConnectionResetError:
                return True

    async def close(self) -> None:
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)
