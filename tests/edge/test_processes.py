"""Workers that are killed, a parent that is killed, and an orderly end."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from backstamp.edge.replies.prepared import GIF
from backstamp.http_listener import STARTED_SECONDS
from tests.edge.server_process import PATIENCE_SECONDS, ServerProcess, running_edge
from tests.edge.setting import hits_in, pixel, publish
from tests.processes import alive, stands


class Load(threading.Thread):
    """Asks for one pixel after the other, each with a number of its own, and notes which were answered."""

    def __init__(self, server: ServerProcess, first: int) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.answered: list[int] = []
        self.asked = first
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                with self.server.connect() as connection:
                    self._ask_on(connection)
            except OSError:
                time.sleep(0.02)  # no worker just now; the token that was asked for is not asked for again

    def _ask_on(self, connection: socket.socket) -> None:
        while not self.stopping.is_set():
            self.asked += 1
            connection.sendall(f"GET /{pixel(self.asked)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            answer = b""
            while not answer.endswith(GIF):
                data = connection.recv(4096)
                if not data:
                    return
                answer += data
            self.answered.append(self.asked)

    def stop(self) -> None:
        self.stopping.set()
        self.join()


def wait_for_end(pids: list[int], seconds: float = 90) -> bool:
    until = time.monotonic() + seconds
    while any(alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(alive(pid) for pid in pids)


def assert_nothing_lost(directory: Path, loads: list[Load]) -> None:
    recorded = Counter(hit.tracking_id for hit in hits_in(directory))
    answered = [number for load in loads for number in load.answered]
    assert [number for number in answered if recorded[number] != 1] == []
    assert max(recorded.values()) == 1


def test_a_killed_worker_comes_back_and_no_answered_hit_is_missing(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path, workers=2) as server:
        loads = [Load(server, base * 1_000_000) for base in range(4)]
        for load in loads:
            load.start()
        victims = server.wait_for_workers(2)
        time.sleep(STARTED_SECONDS)  # what dies sooner is taken for one that cannot start
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        until = time.monotonic() + PATIENCE_SECONDS
        while len(server.workers()) != 2 or set(victims) & set(server.workers()):
            assert time.monotonic() < until, server.log
            time.sleep(0.05)
        server.wait_until_it_answers()
        wanted = sum(len(load.answered) for load in loads) + 100
        while sum(len(load.answered) for load in loads) < wanted:
            assert time.monotonic() < until, "the new workers answer"
            time.sleep(0.05)
        for load in loads:
            load.stop()
    assert_nothing_lost(tmp_path, loads)


def test_a_worker_that_dies_again_and_again_takes_no_living_one_with_it(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path, workers=2) as server:
        steady, *victims = server.wait_for_workers(2)
        for _ in range(3):
            (victim,) = victims
            os.kill(victim, signal.SIGKILL)
            assert wait_for_end([victim])
            assert server.get("/healthz").endswith(b"ok")
            until = time.monotonic() + PATIENCE_SECONDS
            while len(server.workers()) < 2 and time.monotonic() < until:
                time.sleep(0.02)
            victims = [pid for pid in server.workers() if pid != steady]
        assert steady in server.workers()
        assert server.main.poll() is None


def test_the_only_worker_comes_back_however_often_it_is_killed(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path) as server:
        for _ in range(3):
            time.sleep(STARTED_SECONDS)
            (victim,) = server.workers()
            os.kill(victim, signal.SIGKILL)
            assert wait_for_end([victim])
            server.wait_until_it_answers()
        assert server.main.poll() is None


def test_what_a_worker_had_not_accepted_when_it_died_is_answered_by_the_next(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path) as server:
        time.sleep(STARTED_SECONDS)
        (victim,) = server.workers()
        os.kill(victim, signal.SIGSTOP)
        until = time.monotonic() + PATIENCE_SECONDS
        while not stands(victim):
            assert time.monotonic() < until
            time.sleep(0.01)
        with server.connect() as waiting:
            waiting.sendall(f"GET /{pixel(7)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            os.kill(victim, signal.SIGKILL)
            assert wait_for_end([victim])
            answer = b"".join(iter(lambda: waiting.recv(4096), b""))
        assert answer.endswith(GIF)
    assert [hit.tracking_id for hit in hits_in(tmp_path)] == [7]


def test_a_worker_that_cannot_start_ends_the_edge(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, 1, None, target="tests.edge.no_target:edge")
    assert server.main.wait(PATIENCE_SECONDS) == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_its_parent(tmp_path: Path, number: int) -> None:
    publish(tmp_path)
    with running_edge(tmp_path, workers=2) as server:
        workers = server.wait_for_workers(2)
        server.main.send_signal(number)
        assert wait_for_end(workers)
        assert server.main.wait(PATIENCE_SECONDS) == (-signal.SIGKILL if number == signal.SIGKILL else 0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_that_is_only_starting_does_not_outlive_its_parent_either(
    tmp_path: Path, number: int
) -> None:
    publish(tmp_path)
    server = ServerProcess(tmp_path, 1, None, target="tests.edge.slow_target:edge")
    until = time.monotonic() + PATIENCE_SECONDS
    while not (tmp_path / "starting").exists():
        assert time.monotonic() < until, server.log
        time.sleep(0.02)
    workers = server.workers()
    assert len(workers) == 1
    server.main.send_signal(number)
    server.main.wait(PATIENCE_SECONDS)
    assert wait_for_end(workers)
    assert "refused to gracefully stop" not in server.log


def test_a_worker_that_is_told_to_end_again_and_again_ends(tmp_path: Path) -> None:
    # The kernel does that: a parent's threads die one after the other, and each time its children are told.
    publish(tmp_path)
    with running_edge(tmp_path) as server, server.connect() as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost:")
        server.wait_until_it_has_read(slow)  # and has somebody to wait for
        (worker,) = server.workers()
        for _ in range(5):
            os.kill(worker, signal.SIGTERM)
            time.sleep(0.1)
        slow.close()
        assert wait_for_end([worker])


def test_a_client_that_never_reads_does_not_hold_a_worker_whose_parent_was_killed(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path) as server, server.connect() as deaf:
        deaf.settimeout(1)
        with contextlib.suppress(TimeoutError):
            while True:  # until both sides' buffers are full of answers
                deaf.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        workers = server.workers()
        server.main.kill()
        assert wait_for_end(workers)


def test_sigterm_cuts_no_answer_and_what_it_leaves_unasked_is_not_recorded(tmp_path: Path) -> None:
    # As much as is read at once (8 KB): a close with unread input makes the kernel reset the connection, and
    # drop answers that it holds for a client that pipelines (RFC 9112 §9.6).
    pipelined = 80
    publish(tmp_path)
    with running_edge(tmp_path) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(5)]
        for client in clients:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(4096).endswith(b"ok")
        for base, client in enumerate(clients):
            client.sendall(
                b"".join(
                    f"GET /{pixel(base * 1000 + number)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
                    for number in range(pipelined)
                )
            )
        firsts = [client.recv(1) for client in clients]
        server.main.terminate()
        answered = 0
        for client, answer in zip(clients, firsts, strict=True):
            while data := client.recv(65_536):
                answer += data
            whole, rest = answer.count(GIF), answer.rpartition(GIF)[2]
            assert rest == b"", "no answer was cut short"
            answered += whole
        assert server.main.wait(PATIENCE_SECONDS) == 0
    assert answered >= len(clients)
    assert "Traceback" not in server.log
    assert len(hits_in(tmp_path)) == answered, "what was recorded was answered, and the other way round"
