"""A real edge, in processes of its own."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.daemons import free_port

CONNECTIONS = 8192
PATIENCE_SECONDS = 90.0
"""Longest wait for what must come, on a machine that has much else to do."""
OPEN_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
TARGET = "tests.edge.target:edge"
SUNSET = "tests.edge.sunset_target:edge"
PATIENT = "tests.edge.patient_target:edge"
"""Which would wait for a body for longer than any test does."""
ROOT = Path(__file__).parents[2]
SERVE = """
import os
import resource
import sys
from pathlib import Path
files = int(os.environ["EDGE_TEST_FILES"])
resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
from backstamp.edge import EdgeConfig, serve
pem = Path(sys.argv[3]) if len(sys.argv) > 3 else None
serve(
    EdgeConfig(
        host="127.0.0.1", port=int(sys.argv[1]), workers=int(sys.argv[2]), tls_certificate=pem, tls_key=pem,
        connections=int(os.environ["EDGE_TEST_CONNECTIONS"]),
    ),
    os.environ["EDGE_TEST_TARGET"],
)
"""


class ServerProcess:
    """The running edge: its port, its processes and its log."""

    def __init__(
        self,
        directory: Path,
        workers: int,
        pem: Path | None,
        connections: int = CONNECTIONS,
        files: int = OPEN_FILES,
        target: str = TARGET,
    ) -> None:
        self.port = free_port()
        self.log_path = directory / "edge.log"
        arguments = [str(self.port), str(workers), *([str(pem)] if pem else [])]
        with self.log_path.open("wb") as log:
            self.main = subprocess.Popen(
                [sys.executable, "-c", SERVE, *arguments],
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env=os.environ
                | {
                    "EDGE_TEST_DIRECTORY": str(directory),
                    "EDGE_TEST_PORT": str(self.port),
                    "EDGE_TEST_CONNECTIONS": str(connections),
                    "EDGE_TEST_FILES": str(files),
                    "EDGE_TEST_TARGET": target,
                },
            )

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def workers(self) -> list[int]:
        """The process ids of the workers that live now."""
        children = Path(f"/proc/{self.main.pid}/task/{self.main.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def wait_for_workers(self, count: int) -> list[int]:
        """Wait until there are so many: the first may answer before the next is started."""
        until = time.monotonic() + PATIENCE_SECONDS
        while len(found := self.workers()) != count:
            assert time.monotonic() < until, self.log
            time.sleep(0.02)
        return found

    def connect(self, timeout: float = PATIENCE_SECONDS) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def wait_until_it_answers(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                # Once, however long it takes: each is counted.
                if b"200 OK" in self.get("/healthz"):
                    return
            except OSError:
                assert self.main.poll() is None, self.log
            time.sleep(0.05)
        raise AssertionError(f"no answer: {self.log}")

    def wait_until_it_listens(self) -> None:
        """Wait without a word to it: over TLS too."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                self.connect().close()
            except OSError:
                assert self.main.poll() is None, self.log
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"nobody listens: {self.log}")

    def has_read(self, connection: socket.socket) -> bool:
        """Whether the server has taken from the kernel all that was sent to it."""
        client, ours = connection.getsockname()[1], f":{self.port:04X}"
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, _, queues, *_ = line.split()
            if local.endswith(ours) and remote.endswith(f":{client:04X}"):
                return queues.endswith(":00000000")
        return False

    def wait_until_it_has_read(self, connection: socket.socket) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not self.has_read(connection):
            assert time.monotonic() < until, "nobody reads it"
            time.sleep(0.02)

    def exchange(self, request: bytes, silence: float = 1.0) -> bytes:
        """Send bytes as they are, and return all that comes until the server closes or is silent so long."""
        with self.connect() as connection:
            connection.sendall(request)
            connection.settimeout(silence)
            answer = b""
            try:
                while data := connection.recv(65_536):
                    answer += data
            except (TimeoutError, ConnectionResetError):
                pass
            return answer

    def get(self, target: str | bytes, *fields: str, method: str = "GET") -> bytes:
        raw = target if isinstance(target, bytes) else target.encode("latin-1")
        lines = "".join(f"{field}\r\n" for field in ("Host: x", "Connection: close", *fields))
        return self.exchange(
            method.encode() + b" " + raw + b" HTTP/1.1\r\n" + lines.encode("latin-1") + b"\r\n",
            PATIENCE_SECONDS,  # it closes
        )


@contextmanager
def running_edge(
    directory: Path,
    workers: int = 1,
    pem: Path | None = None,
    connections: int = CONNECTIONS,
    files: int = OPEN_FILES,
    target: str = TARGET,
) -> Iterator[ServerProcess]:
    server = ServerProcess(directory, workers, pem, connections, files, target)
    try:
        if pem is None:
            server.wait_until_it_answers()
        yield server
    finally:
        server.main.terminate()
        try:
            server.main.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            server.main.kill()
            server.main.wait()


def head_and_body(answer: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Split one answer: status line, sorted header lines without the date, body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *fields = head.split(b"\r\n")
    return status, sorted(field for field in fields if not field.startswith(b"date: ")), body
