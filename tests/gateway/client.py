"""A client that says exactly what it is told to, byte for byte."""

import asyncio


class Client:
    """One connection to the gateway."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, host: str = "127.0.0.1", source: str = "") -> "Client":
        """Connect, from the address `source` where there is one."""
        local = (source, 0) if source else None
        return cls(*await asyncio.open_connection(host, port, local_addr=local))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self) -> str:
        """Read one reply, its lines joined by line feeds."""
        lines: list[str] = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 60)).decode("utf-8", "surrogateescape")
            if not line:
                raise ConnectionError(f"closed after {lines}")
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def say(self, line: str) -> str:
        await self.send(line.encode("utf-8", "surrogateescape") + b"\r\n")
        return await self.reply()

    async def closed(self) -> bool:
        """Whether the server closes without saying more."""
        return await asyncio.wait_for(self.reader.read(), 60) == b""

    async def begin(self, hello: str = "EHLO client.example") -> str:
        """Read the greeting and say hello."""
        await self.reply()
        return await self.say(hello)

    async def envelope(self, *rcpts: str, sender: str = "ann@example.org") -> list[str]:
        """MAIL and RCPT; the replies of RCPT."""
        answer = await self.say(f"MAIL FROM:<{sender}>")
        assert answer.startswith("250"), answer
        return [await self.say(f"RCPT TO:<{rcpt}>") for rcpt in rcpts]

    async def data(self, wire_form: bytes, replies: int = 1) -> list[str]:
        """DATA, the message as it is (dots and end included), and the replies."""
        answer = await self.say("DATA")
        assert answer.startswith("354"), answer
        await self.send(wire_form)
        return [await self.reply() for _ in range(replies)]

    async def send_mail(self, wire_form: bytes, *rcpts: str, replies: int = 1) -> list[str]:
        """A whole transaction; returns the replies after the final dot."""
        await self.envelope(*rcpts)
        return await self.data(wire_form, replies)

    def close(self) -> None:
        self.writer.close()
