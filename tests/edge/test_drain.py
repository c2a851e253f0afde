"""An orderly end cuts nobody off, and slow clients neither prevent it nor starve others."""

import contextlib
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import hpack
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from backstamp.edge.replies.prepared import GIF
from backstamp.edge.serving.server import STREAMS
from tests.edge.server_process import PATIENCE_SECONDS, ServerProcess, running_edge
from tests.edge.setting import hits_in, pixel, publish
from tests.edge.test_processes import Load, wait_for_end
from tests.edge.test_slow_clients import ANSWER_SECONDS


class FreshConnections(threading.Thread):
    """Asks for one pixel after the other, each on a connection of its own, and notes how each ended."""

    def __init__(self, server: ServerProcess, first: int) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.asked = first
        self.ended: Counter[str] = Counter()
        self.answered: list[int] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                connection = self.server.connect()
            except OSError:
                self.ended["refused"] += 1
                time.sleep(0.005)
                continue
            with connection:
                self.asked += 1
                answer = self._answer_on(connection)
                # What was closed without a word was never read; what begins to be answered must be whole.
                self.ended["answered" if answer.endswith(GIF) else "cut" if answer else "unread"] += 1
                if answer.endswith(GIF):
                    self.answered.append(self.asked)

    def _answer_on(self, connection: socket.socket) -> bytes:
        answer = b""
        with contextlib.suppress(OSError):
            connection.sendall(
                f"GET /{pixel(self.asked)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
            )
            while data := connection.recv(4096):
                answer += data
        return answer


def test_sigterm_under_load_answers_every_request_that_was_begun(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path, workers=2) as server:
        fresh = [FreshConnections(server, base * 1_000_000) for base in range(4)]
        kept = [Load(server, base * 1_000_000) for base in range(4, 7)]
        clients: list[FreshConnections | Load] = [*fresh, *kept]
        for client in clients:
            client.start()
        time.sleep(1)
        server.main.terminate()
        assert server.main.wait(PATIENCE_SECONDS) == 0
        for client in clients:
            client.stopping.set()
            client.join()
    ended = sum((client.ended for client in fresh), Counter[str]())
    # hyper closes a connection of which it has read nothing; a browser asks again then (RFC 9110 §9.2.2).
    assert set(ended) <= {"answered", "refused", "unread"}, ended
    assert ended["unread"] <= len(fresh) * 2, "at most one a client and worker"
    recorded = Counter(hit.tracking_id for hit in hits_in(tmp_path))
    answered = [number for client in clients for number in client.answered]
    assert Counter(answered) == recorded, "what was recorded was answered, and the other way round"
    assert "LOST" not in server.log


def frames(connection: socket.socket) -> Iterator[Frame]:
    """What a server says by HTTP/2, until it closes."""
    kept = b""
    while data := connection.recv(65_536):
        kept += data
        while len(kept) >= 9:
            frame, size = Frame.parse_frame_header(memoryview(kept[:9]))
            if len(kept) < 9 + size:
                break
            frame.parse_body(memoryview(kept[9 : 9 + size]))
            kept = kept[9 + size :]
            yield frame
    assert kept == b"", "no frame was cut"


def test_sigterm_answers_every_stream_of_http_2_that_it_does_not_disclaim(tmp_path: Path) -> None:
    publish(tmp_path)
    encoder = hpack.Encoder()
    open_streams: dict[int, int] = {}
    answered, last_taken, stream = [], None, -1

    def ask() -> bytes:
        nonlocal stream
        stream += 2
        open_streams[stream] = stream
        fields = [
            (":method", "GET"),
            (":path", f"/{pixel(stream)}"),
            (":authority", "x"),
            (":scheme", "http"),
        ]
        return HeadersFrame(stream, encoder.encode(fields), flags=["END_HEADERS", "END_STREAM"]).serialize()

    with running_edge(tmp_path) as server, server.connect() as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SettingsFrame(0).serialize())
        client.sendall(b"".join(ask() for _ in range(STREAMS)))
        for frame in frames(client):
            if isinstance(frame, GoAwayFrame):
                last_taken = frame.last_stream_id
            elif isinstance(frame, DataFrame):
                client.sendall(WindowUpdateFrame(0, len(GIF)).serialize())
                assert (frame.data, "END_STREAM" in frame.flags) == (GIF, True)
                answered.append(open_streams.pop(frame.stream_id))
                if len(answered) == 100:
                    server.main.terminate()
                if last_taken is None:
                    client.sendall(ask())
            if last_taken is not None and not open_streams:
                break
        client.close()
        assert server.main.wait(PATIENCE_SECONDS) == 0
    assert last_taken is not None
    assert [each for each in open_streams if each <= last_taken] == []
    assert Counter(answered) == Counter(hit.tracking_id for hit in hits_in(tmp_path))


def test_half_a_request_at_sigterm_is_answered_when_the_rest_comes(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path) as server, server.connect() as half:
        half.sendall(f"GET /{pixel()} HTTP/1.1\r\nHost: x\r\n".encode())
        server.wait_until_it_has_read(half)
        server.main.terminate()
        time.sleep(1)
        half.sendall(b"\r\n")
        answer = b""
        while data := half.recv(4096):
            answer += data
        assert answer.endswith(GIF)
        assert server.main.wait(PATIENCE_SECONDS) == 0
    assert len(hits_in(tmp_path)) == 1


def test_half_a_request_that_stays_one_delays_the_end_by_no_more_than_its_time(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path) as server, server.connect() as half:
        half.sendall(b"GET /healthz HTTP/1.1\r\nHost")
        server.wait_until_it_has_read(half)
        server.main.terminate()
        assert server.main.wait(PATIENCE_SECONDS) == 0
    assert "refused to gracefully stop" not in server.log


def test_two_hundred_dripping_clients_starve_nobody_and_are_shown_the_door(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path) as server, contextlib.ExitStack() as stack:
        slow = [stack.enter_context(server.connect()) for _ in range(200)]
        for client in slow:
            client.sendall(f"GET /{pixel()} HTTP/1.1\r\nX: ".encode())
        began, longest = time.monotonic(), 0.0
        while time.monotonic() - began < 12:
            for client in slow:
                with contextlib.suppress(OSError):
                    client.sendall(b"x")
            asked = time.monotonic()
            assert server.get(f"/{pixel(1000)}").endswith(GIF)
            longest = max(longest, time.monotonic() - asked)
            time.sleep(0.5)
        assert longest < ANSWER_SECONDS
        for client in slow:
            client.settimeout(PATIENCE_SECONDS)
            with contextlib.suppress(ConnectionError):
                answer = client.recv(4096)
                assert not answer or b" 408 " in answer[:16] or b" 400 " in answer[:16]
    assert {hit.tracking_id for hit in hits_in(tmp_path)} == {1000}


def test_sighup_replaces_the_workers_and_cuts_nobody_off(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path) as server:
        before = server.workers()
        clients = [FreshConnections(server, base * 1_000_000) for base in range(4)]
        for client in clients:
            client.start()
        server.main.send_signal(signal.SIGHUP)
        assert wait_for_end(before)
        for client in clients:
            client.stopping.set()
            client.join()
        # One that has ended is a child of the main process until that looks after it.
        until = time.monotonic() + PATIENCE_SECONDS
        while len(server.workers()) != 1 and time.monotonic() < until:
            time.sleep(0.05)
        assert len(server.workers()) == 1
    ended = sum((client.ended for client in clients), Counter[str]())
    # As above: what was closed unread is asked for again. Of those that were read, none is cut off.
    assert set(ended) <= {"answered", "unread"}, ended
    assert ended["unread"] <= len(clients), "at most one a client"
    assert "refused to gracefully stop" not in server.log
