"""A proxy before PostgreSQL that cuts a connection in the middle of what is said on it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Final

_CHUNK: Final = 65_536
_LONG: Final = 1024
"""Octets of a COPY that is one for the sake of its rows."""


class Moment(Enum):
    """When it cuts."""

    IN_A_COPY = "in a COPY"
    BEFORE_A_COMMIT = "before a COMMIT arrives"
    AFTER_A_COMMIT = "before the answer to a COMMIT arrives"


class CuttingProxy:
    """Takes connections on `port`; cuts `left` times more, then never again."""

    def __init__(self, listener: socket.socket, server: str, moment: Moment, times: int) -> None:
        self.port: int = listener.getsockname()[1]
        self.left = times
        self._listener, self._server, self._moment = listener, server, moment
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def accept(self) -> None:
        """Serve until the listener is shut down."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(client,)))
                self._threads[-1].start()

    def join(self) -> None:
        """Wait for the end of all connections."""
        for thread in self._threads:
            thread.join()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server)
            back = threading.Thread(target=self._pass_on, args=(server, client, False))
            back.start()
            self._pass_on(client, server, True)
            back.join()

    def _pass_on(self, source: socket.socket, sink: socket.socket, to_server: bool) -> None:
        with suppress(OSError):
            while said := source.recv(_CHUNK):
                if self._cuts(said, to_server):
                    if self._moment is Moment.IN_A_COPY:
                        sink.sendall(said[: len(said) // 2])
                    break
                sink.sendall(said)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _cuts(self, said: bytes, to_server: bool) -> bool:
        found = {
            Moment.IN_A_COPY: to_server and said.startswith(b"d") and len(said) > _LONG,
            Moment.BEFORE_A_COMMIT: to_server and said.startswith(b"Q") and b"COMMIT" in said,
            Moment.AFTER_A_COMMIT: not to_server and b"COMMIT\0" in said,
        }[self._moment]
        with self._lock:
            cuts = found and self.left > 0
            self.left -= cuts
        return cuts


@contextmanager
def cutting_proxy(server: str, moment: Moment, times: int) -> Iterator[CuttingProxy]:
    """Run a proxy before the server that listens on a socket of this name."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = CuttingProxy(listener, server, moment, times)
        accepting = threading.Thread(target=proxy.accept)
        accepting.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            proxy.join()
