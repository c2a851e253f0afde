"""A connection as lines and blocks: what becomes of one that does not read."""

import asyncio
import socket

import pytest

from backstamp.gateway.protocol import wire as module
from backstamp.gateway.protocol.wire import Wire


async def test_who_never_reads_is_cut_off_a_while_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINGER_SECONDS", 0.1)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with theirs:
        _, wire = await asyncio.get_running_loop().create_connection(Wire, sock=ours)
        wire.write(b"250 2.0.0 Ok\r\n" * 100_000)
        wire.close()
        while ours.fileno() >= 0:
            await asyncio.sleep(0.01)
        assert wire.ended


async def test_who_reads_late_gets_all_that_was_written_before_the_end() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    written = b"250 2.0.0 Ok\r\n" * 100_000
    with theirs:
        _, wire = await asyncio.get_running_loop().create_connection(Wire, sock=ours)
        wire.write(written)
        wire.close()
        reader, writer = await asyncio.open_connection(sock=theirs)
        assert await reader.read() == written
        writer.close()
