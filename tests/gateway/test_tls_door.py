"""The listener where TLS begins with the connection, and strangers who never begin it."""

import asyncio
import errno
import socket
import ssl
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from backstamp.gateway.config import Submission, Timeouts
from backstamp.gateway.protocol import wire
from backstamp.gateway.renewal import renewed_tls
from backstamp.gateway.sessions import tls_door
from backstamp.gateway.sessions.tls_door import TlsDoor
from tests.gateway.certificates import Certificates
from tests.gateway.client import Client
from tests.gateway.fake_next_hop import FakeNextHop
from tests.gateway.running import Running, gateways

OURS = "127.0.0.2"
LISTENER = "submission.tls_listen"


@pytest.fixture
async def door(tmp_path: Path, certificates: Certificates) -> Any:
    async with gateways(tmp_path) as start:

        async def opened(listen: str = "127.0.0.1:0", **settings: Any) -> Running:
            hop = await FakeNextHop().start()
            hops.append(hop)
            values: dict[str, Any] = {"trusted_networks": (ip_network(f"{OURS}/32"),), "xclient_networks": ()}
            submission = Submission(
                upstream=f"localhost:{hop.port}", tls_listen=listen, upstream_ca=certificates.ca
            )
            return await start(hop, submission=submission, **certificates.settings, **(values | settings))

        hops: list[FakeNextHop] = []
        yield opened
        for hop in hops:
            await hop.stop()


async def greeting(running: Running, context: ssl.SSLContext, source: str) -> str:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1",
        running.gateway.ports[LISTENER],
        local_addr=(source, 0),
        ssl=context,
        server_hostname="localhost",
    )
    try:
        return (await Client(reader, writer).reply())[:4]
    finally:
        writer.close()


async def test_who_never_begins_tls_takes_no_more_than_a_quarter_of_the_room(
    door: Any, certificates: Certificates
) -> None:
    running = await door(max_connections=8)
    silent = [await running.client(LISTENER, source="127.0.0.9") for _ in range(3)]
    assert await silent[2].closed()
    assert await greeting(running, certificates.client_context(), "127.0.0.8") == "220 "
    ours = [await running.client(LISTENER, source=OURS) for _ in range(8)]
    assert [await each.closed() for each in silent[:2]] == [True, True], "they give way"
    assert await (await running.client(LISTENER, source=OURS)).closed(), "eight are all there is room for"
    assert not any(each.reader.at_eof() for each in ours)


async def test_four_addresses_that_never_begin_tls_keep_nobody_else_out(
    door: Any, certificates: Certificates
) -> None:
    running = await door(max_connections=8)
    sources = [f"127.0.0.{number}" for number in (9, 10, 11, 12)]
    silent = [await running.client(LISTENER, source=each) for each in sources for _ in range(2)]
    assert await greeting(running, certificates.client_context(), "127.0.0.8") == "220 "
    assert await silent[0].closed()
    assert not any(each.reader.at_eof() for each in silent[1:])


async def test_who_never_begins_tls_is_hung_up_on(door: Any) -> None:
    running = await door(timeouts=Timeouts(tls=0.2))
    assert await (await running.client(LISTENER, source="127.0.0.9")).closed()


async def test_who_never_ends_tls_is_hung_up_on(
    door: Any, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "FAREWELL_SECONDS", 0.1)
    port = (await door()).gateway.ports[LISTENER]

    def leave() -> bytes:
        """Say QUIT, and read on below TLS, so that its end is not answered; return what is behind that."""
        with (
            socket.create_connection(("127.0.0.1", port), timeout=20) as below,
            certificates.client_context().wrap_socket(below.dup(), server_hostname="localhost") as client,
        ):
            client.recv(1000)
            client.send(b"QUIT\r\n")
            while heard := below.recv(1000):
                pass
            return heard

    assert await asyncio.to_thread(leave) == b""


async def test_when_it_closes_who_has_not_begun_tls_is_hung_up_on(door: Any) -> None:
    tls = renewed_tls((await door()).config)
    assert tls is not None
    let_in = asyncio.Event()

    def is_ours(_address: object) -> bool:
        let_in.set()
        return True

    def context() -> ssl.SSLContext:
        return tls.contexts.people

    closing = TlsDoor(context, asyncio.Protocol, is_ours=is_ours, most=5, seconds=60)
    port = await closing.open(["127.0.0.1"], 0, backlog=5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.wait_for(let_in.wait(), 20)
    await asyncio.sleep(0)
    closing.close()
    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()


async def test_where_no_more_files_may_be_opened_people_are_let_in_a_moment_later(
    door: Any, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tls_door, "REST_SECONDS", 0.05)
    running = await door()
    accept, failures = socket.socket.accept, [OSError(errno.EMFILE, "Too many open files")]

    def accept_or_fail(self: socket.socket) -> Any:
        if failures:
            raise failures.pop()
        return accept(self)

    monkeypatch.setattr(socket.socket, "accept", accept_or_fail)
    assert await greeting(running, certificates.client_context(), "127.0.0.9") == "220 "
    assert "nobody is let in for a moment: Too many open files" in caplog.text


async def test_an_address_that_is_taken_is_told_of(door: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match=LISTENER):
        await door(listen=f"127.0.0.1:{taken.getsockname()[1]}")
