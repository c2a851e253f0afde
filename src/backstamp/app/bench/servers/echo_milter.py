"""A milter that does nothing but replace each body by itself, which any milter that rewrites pays for.

As quick as it gets in Python: uvloop, no state but the body, one write for an answer. Run as
`python -m backstamp.app.bench.servers.echo_milter PATH PARENT`.
"""

import asyncio
import sys
from pathlib import Path
from typing import cast

import uvloop

from backstamp.gateway.milter.codec import CONTINUE, Command, PacketReader, replace_body
from backstamp.gateway.milter.negotiation import answer_to
from backstamp.lifetime import die_with_parent


class EchoMilter(asyncio.Protocol):
    """One MTA's connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._reader = PacketReader()
        self._body: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        """Keep the body; at its end, send it back."""
        for command, payload in self._reader.feed(data):
            if command == Command.BODY:
                self._body.append(payload)
            elif command == Command.END_OF_MESSAGE:
                self._transport.write(b"".join((*replace_body(self._body), CONTINUE)))
                self._body = []
            elif command == Command.NEGOTIATE:
                self._transport.write(answer_to(payload)[0])
            elif command == Command.QUIT:
                self._transport.close()


async def _serve(path: Path) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(EchoMilter, path, backlog=200)
    await asyncio.to_thread(path.chmod, 0o666)
    await server.serve_forever()


if __name__ == "__main__":
    die_with_parent(int(sys.argv[2]))
    uvloop.run(_serve(Path(sys.argv[1])))
