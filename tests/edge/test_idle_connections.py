"""Idle connections give way when there are many, and no others."""

import contextlib
import socket
import sys
from collections.abc import Iterator

import pytest

from backstamp.edge.idle_connections import LEAST_ASKED, IdleConnections

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows a process its files")


@contextlib.contextmanager
def connections(count: int) -> Iterator[tuple[int, list[socket.socket]]]:
    """A port, and clients whose other ends are accepted in this process."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        clients = []
        for _ in range(count):
            client = stack.enter_context(socket.create_connection(listener.getsockname()))
            client.settimeout(5)
            stack.enter_context(listener.accept()[0])
            clients.append(client)
        yield listener.getsockname()[1], clients


def is_shut(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False


def test_of_many_those_go_that_asked_for_nothing_since_the_last_look() -> None:
    with connections(10) as (port, clients):
        idle = IdleConnections(port, most=10)
        assert idle.look() == 0, "nobody is known yet"
        for client in clients[:3]:
            client.sendall(bytes(LEAST_ASKED))
        clients[3].sendall(bytes(17))
        assert idle.look() == 7
        assert [is_shut(client) for client in clients] == [False] * 3 + [True] * 7
        assert idle.look() == 3, "who asked once, long ago, is idle too"


def test_of_few_all_stay() -> None:
    with connections(10) as (port, clients):
        idle = IdleConnections(port, most=10_000)
        assert [idle.look(), idle.look()] == [0, 0]
        assert not any(is_shut(client) for client in clients)


def test_what_is_no_connection_is_passed_over() -> None:
    with connections(10) as (port, clients):
        one, other = socket.socketpair()
        with one, other:
            idle = IdleConnections(port, most=10)
            idle.look()
            assert idle.look() == len(clients)
            one.sendall(b"still open")
            assert other.recv(100) == b"still open"


def test_connections_to_others_are_none_of_its_business() -> None:
    with connections(10) as (port, clients):
        idle = IdleConnections(port + 1, most=10)
        assert [idle.look(), idle.look()] == [0, 0]
        assert not any(is_shut(client) for client in clients)
