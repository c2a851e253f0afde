"""Idle connections give way when there are many, and no others."""

import contextlib
import socket
import sys
from collections.abc import Iterator

import pytest

from backstamp.edge.serving.idle_connections import LEAST_ASKED, IdleConnections

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows a process its files")


@contextlib.contextmanager
def connections(count: int) -> Iterator[tuple[int, list[socket.socket], list[socket.socket]]]:
    """A port, clients, and their other ends, which are accepted in this process."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        clients, others = list[socket.socket](), list[socket.socket]()
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(listener.getsockname()))
            client.settimeout(60)
            others.append(stack.enter_context(listener.accept()[0]))
            clients.append(client)
        yield listener.getsockname()[1], clients, others


def is_shut(client: socket.socket) -> bool:
    """Whether the other side has shut it; the kernel may bring that a moment later, where it is expected."""
    return client.recv(1) == b""


def is_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        client.recv(1)
    except BlockingIOError:
        return True
    return False


def say(client: socket.socket, other: socket.socket, octets: int) -> None:
    """Say so much, and wait until it is there."""
    client.sendall(bytes(octets))
    other.recv(octets, socket.MSG_PEEK | socket.MSG_WAITALL)


def test_of_many_those_go_that_asked_for_nothing_since_the_last_look() -> None:
    with connections(10) as (port, clients, others):
        idle = IdleConnections(port, most=10)
        assert idle.look() == 0, "nobody is known yet"
        for client, other in zip(clients[:3], others[:3], strict=True):
            say(client, other, LEAST_ASKED)
        say(clients[3], others[3], 17)
        assert idle.look() == 7
        assert all(is_shut(client) for client in clients[3:])
        assert all(is_open(client) for client in clients[:3])
        assert idle.look() == 3, "who asked once, long ago, is idle too"


def test_of_few_all_stay() -> None:
    with connections(10) as (port, clients, _):
        idle = IdleConnections(port, most=10_000)
        assert [idle.look(), idle.look()] == [0, 0]
        assert all(is_open(client) for client in clients)


def test_what_is_no_connection_is_passed_over() -> None:
    with connections(10) as (port, clients, _):
        one, other = socket.socketpair()
        with one, other:
            idle = IdleConnections(port, most=10)
            idle.look()
            assert idle.look() == len(clients)
            one.sendall(b"still open")
            assert other.recv(100) == b"still open"


def test_connections_to_others_are_none_of_its_business() -> None:
    with connections(10) as (port, clients, _):
        idle = IdleConnections(port + 1, most=10)
        assert [idle.look(), idle.look()] == [0, 0]
        assert all(is_open(client) for client in clients)
