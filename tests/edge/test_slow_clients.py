"""Clients that hold connections and want nothing: endless TLS handshakes, HTTP/2 that only answers pings."""

import contextlib
import selectors
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import pytest
import trustme

from backstamp.edge.replies.prepared import GIF
from tests.edge.server_process import CONNECTIONS, OPEN_FILES, SUNSET, TARGET, ServerProcess, running_edge
from tests.edge.setting import pixel, publish

IDLERS = 300
WATCHED_SECONDS = 6.0
ANSWER_SECONDS = 8.0
"""Longest that anybody else may wait on a busy machine; a starved client waits until those in its way have
used up their 10 s."""


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@contextlib.contextmanager
def edge_with_tls(directory: Path, authority: trustme.CA) -> Iterator[ServerProcess]:
    pem = directory / "edge.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(pem))
    publish(directory)
    with running_edge(directory, pem=pem) as server:
        server.wait_until_it_listens()
        yield server


def asked_over_tls(server: ServerProcess, authority: trustme.CA) -> float:
    """Ask for a pixel on a new connection; return how long all of it took."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    began = time.monotonic()
    with (
        server.connect() as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(f"GET /{pixel()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        with contextlib.suppress(ssl.SSLEOFError):
            while data := connection.recv(4096):
                answer += data
    assert answer.endswith(GIF)
    return time.monotonic() - began


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["silent", "begun"])
def test_handshakes_that_never_end_starve_nobody(tmp_path: Path, authority: trustme.CA, said: bytes) -> None:
    with edge_with_tls(tmp_path, authority) as server, ExitStack() as stack:
        for _ in range(IDLERS):
            stack.enter_context(server.connect()).sendall(said)
        until, longest = time.monotonic() + WATCHED_SECONDS, 0.0
        while time.monotonic() < until:
            longest = max(longest, asked_over_tls(server, authority))
            time.sleep(0.1)
        assert longest < ANSWER_SECONDS


class Idler:
    """An HTTP/2 client that answers each ping and asks for nothing."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.pings = 0
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self._state.initiate_connection()
        connection.sendall(self._state.data_to_send())
        connection.setblocking(False)

    def live_on(self) -> bool:
        """Read what came and answer it; False when the server has closed."""
        data = self.connection.recv(65_536)
        if data:
            events = self._state.receive_data(data)
            self.pings += sum(isinstance(event, h2.events.PingReceived) for event in events)
            self.connection.sendall(self._state.data_to_send())
        return bool(data)


def test_http_2_connections_that_only_answer_pings_starve_nobody(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path) as server, ExitStack() as stack:
        waiting = stack.enter_context(selectors.DefaultSelector())
        idlers = [Idler(stack.enter_context(server.connect())) for _ in range(IDLERS)]
        for idler in idlers:
            waiting.register(idler.connection, selectors.EVENT_READ, idler)
        until, longest = time.monotonic() + 2 * WATCHED_SECONDS, 0.0
        while time.monotonic() < until:
            for key, _ in waiting.select(0.1):
                if not key.data.live_on():
                    waiting.unregister(key.fileobj)
            asked = time.monotonic()
            assert server.get(f"/{pixel()}").endswith(GIF)
            longest = max(longest, time.monotonic() - asked)
        assert longest < ANSWER_SECONDS
        assert sum(idler.pings for idler in idlers) > IDLERS / 2, "they are asked whether they live"


@pytest.mark.parametrize(
    ("connections", "files", "target"),
    [(IDLERS, OPEN_FILES, TARGET), (CONNECTIONS, IDLERS, TARGET), (IDLERS, OPEN_FILES, SUNSET)],
)
def test_as_many_as_a_worker_takes_are_shut_for_the_one_who_asks(
    tmp_path: Path, connections: int, files: int, target: str
) -> None:
    publish(tmp_path)
    edge = running_edge(tmp_path, connections=connections, files=files, target=target)
    with edge as server, ExitStack() as stack:
        waiting = stack.enter_context(selectors.DefaultSelector())
        for _ in range(IDLERS):
            idler = Idler(stack.enter_context(server.connect()))
            waiting.register(idler.connection, selectors.EVENT_READ, idler)
        client = stack.enter_context(server.connect())
        client.sendall(f"GET /{pixel()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        waiting.register(client, selectors.EVENT_READ)
        began, answer, shut = time.monotonic(), b"", 0
        while not answer and time.monotonic() - began < 90:
            for key, _ in waiting.select(0.1):
                if key.data is None:
                    answer = client.recv(4096)
                elif not key.data.live_on():
                    waiting.unregister(key.fileobj)
                    shut += 1
        assert answer.endswith(GIF), f"{shut} were shut"
        # It is told once all are shut; the answer may be quicker.
        while "connections ran short" not in server.log and time.monotonic() - began < 90:
            time.sleep(0.05)
        assert "connections ran short" in server.log
        assert ("limit of open files is too low" in server.log) == (files < connections)
