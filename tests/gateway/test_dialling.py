"""A next hop whose name has several addresses, of which some are dead."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvloop

from backstamp import dialling
from backstamp.dialling import dial
from tests.daemons import free_port
from tests.gateway.running import TEXT, StartGateway, StartNextHop

Names = Callable[..., None]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """`names(*addresses)`: what the name `relay.example` resolves to from now on."""
    real = socket.getaddrinfo

    def resolve(*addresses: str) -> None:
        def found(host: str, port: int, *rest: Any, **named: Any) -> list[Any]:
            if host != "relay.example":
                return [*real(host, port, *rest, **named)]
            return [
                (
                    socket.AF_INET6 if ":" in each else socket.AF_INET,
                    socket.SOCK_STREAM,
                    socket.IPPROTO_TCP,
                    "",
                    (each, port, 0, 0) if ":" in each else (each, port),
                )
                for each in addresses
            ]

        monkeypatch.setattr(socket, "getaddrinfo", found)

    return resolve


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server at 127.0.0.2 whose queue is full: the kernel drops whatever asks for a connection."""
    with socket.socket() as server:
        server.bind(("127.0.0.2", free_port()))  # which is free on the other addresses, too
        server.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for each in fillers:
            each.setblocking(False)
            each.connect_ex(server.getsockname())
        yield server
        for each in fillers:
            each.close()


async def test_an_address_that_never_answers_does_not_use_up_the_time_of_the_next_one(
    gateway: StartGateway, next_hop: StartNextHop, names: Names, silent: socket.socket
) -> None:
    hop = await next_hop(port=silent.getsockname()[1])
    names("127.0.0.2", "127.0.0.1")
    running = await gateway(f"smtp://relay.example:{hop.port}")
    client = await running.client()
    await client.begin()
    assert (await client.send_mail(TEXT + b".\r\n", "bob@example.net"))[0].startswith("250 ")
    assert len(hop.accepted) == 1


async def test_an_address_that_refuses_makes_way_at_once(
    next_hop: StartNextHop, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialling, "HEAD_START", 3600)
    hop = await next_hop()
    names("::1", "127.0.0.3", "127.0.0.1")
    with await dial("relay.example", hop.port) as connection:
        assert connection.getpeername() == ("127.0.0.1", hop.port)


async def test_the_first_address_is_taken_where_all_are_well(next_hop: StartNextHop, names: Names) -> None:
    hop = await next_hop()
    names("127.0.0.1", "127.0.0.2")
    with await dial("relay.example", hop.port) as connection:
        assert connection.getpeername() == ("127.0.0.1", hop.port)


async def test_a_host_all_of_whose_addresses_refuse_is_unreachable(names: Names) -> None:
    names("127.0.0.1", "127.0.0.2")
    with pytest.raises(ConnectionRefusedError):
        await dial("relay.example", free_port())


def test_a_resolver_that_does_not_answer_keeps_nobody_beyond_the_time_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = threading.Event()

    def hangs(*_: object, flags: int = 0, **__: object) -> list[Any]:
        if not flags:
            answers.wait(20)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(dial("relay.example", 25), 0.1))
    assert time.monotonic() - began < 18
    answers.set()


def test_the_loop_of_the_gateway_dials_too() -> None:
    async def main() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            with await dial("localhost", server.sockets[0].getsockname()[1]) as connection:
                assert connection.getpeername()[0] == "127.0.0.1"

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
