"""A hunt: whatever bytes come, no worker dies, nothing of ours is told, and nobody is led anywhere else."""

import contextlib
import random
import selectors
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backstamp.edge.replies.prepared import GIF
from tests.edge.broken_http import Broken, locations_1, locations_2
from tests.edge.server_process import ServerProcess, running_edge
from tests.edge.setting import OTHER_RING, URL, hits_in, link, pixel, publish

SOME_SECONDS = 10
"""For each version of HTTP."""
LONG_SECONDS = 600
AT_ONCE = 40
SILENCE_SECONDS = 0.05
TOKENS = [
    link(),
    link(8),
    link(9, protected=True),
    pixel(),
    link(ring=OTHER_RING),
    link(url="https://evil.example/sealed-by-another", ring=OTHER_RING),
]


def talk(server: ServerProcess, sent: list[bytes]) -> list[bytes]:
    """Send each on a connection of its own, all at once; return what comes until all are silent."""
    answers = [b""] * len(sent)
    with selectors.DefaultSelector() as waiting, contextlib.ExitStack() as stack:
        for number, raw in enumerate(sent):
            connection = stack.enter_context(server.connect())
            connection.settimeout(1)
            with contextlib.suppress(OSError):  # shut before we have said all
                connection.sendall(raw)
            waiting.register(connection, selectors.EVENT_READ, number)
        while waiting.get_map() and (ready := waiting.select(SILENCE_SECONDS)):
            for key, _ in ready:
                data = _received(key.fileobj)
                answers[key.data] += data
                if not data:
                    waiting.unregister(key.fileobj)
    return answers


def _received(connection: object) -> bytes:
    assert isinstance(connection, socket.socket)
    with contextlib.suppress(OSError):
        return connection.recv(65_536)
    return b""


def hunt(
    directory: Path, make: str, locations: Callable[[bytes], set[bytes]], seconds: float, seed: int
) -> str:
    """Send broken connections for so long; returns what was seen, in a line."""
    publish(directory)
    broken, sent, answered, led = Broken(random.Random(seed), TOKENS), 0, 0, 0
    until = time.monotonic() + seconds
    with running_edge(directory) as server:
        workers = server.workers()
        while time.monotonic() < until:
            some = [getattr(broken, make)() for _ in range(AT_ONCE)]
            for raw, answer in zip(some, talk(server, some), strict=True):
                found = locations(answer)
                assert found <= {URL.encode()}, (seed, raw, answer)
                assert b"Traceback" not in answer, (seed, raw, answer)
                assert b"evil.example/sealed" not in answer, (seed, raw, answer)
                answered += bool(answer)
                led += bool(found)
            sent += AT_ONCE
        assert server.workers() == workers, f"seed {seed}"
        assert server.get(f"/{pixel(4711)}").endswith(GIF)
    for word in ("Traceback", "panicked", "LOST"):
        assert word not in server.log, f"seed {seed}"
    assert 4711 in {hit.tracking_id for hit in hits_in(directory)}
    # Of those that were answered: a machine that has much else to do may not answer before we are silent.
    assert led > answered / 100, "some are whole, and lead where they should"
    assert led < sent / 2, "most are too broken for that"
    return f"{make}: {sent:,} connections, seed {seed}; {answered:,} answered, {led:,} led to what was sealed"


def test_broken_http_1_harms_nothing(tmp_path: Path) -> None:
    hunt(tmp_path, "http1", locations_1, SOME_SECONDS, 1)


def test_broken_http_2_harms_nothing(tmp_path: Path) -> None:
    hunt(tmp_path, "http2", locations_2, SOME_SECONDS, 2)


@pytest.mark.soak
def test_broken_http_1_for_ten_minutes(tmp_path: Path) -> None:
    print("\n" + hunt(tmp_path, "http1", locations_1, LONG_SECONDS, int(time.time())))


@pytest.mark.soak
def test_broken_http_2_for_ten_minutes(tmp_path: Path) -> None:
    print("\n" + hunt(tmp_path, "http2", locations_2, LONG_SECONDS, int(time.time())))
