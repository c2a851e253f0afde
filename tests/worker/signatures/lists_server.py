"""A publisher of lists on this machine, with the ways in which publishers fail."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ETAG = '"v1"'


class Publisher(ThreadingHTTPServer):
    """Answers `/good` with `body`, and other paths as their names say; keeps what was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.body = body
        self.asked: list[dict[str, str]] = []
        self.over = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        self.server.asked.append({name.lower(): value for name, value in self.headers.items()})
        getattr(self, "answer_" + self.path.strip("/"))()

    def answer_good(self) -> None:
        if self.headers.get("if-none-match") == ETAG:
            self.send_response(304)
            self.end_headers()
            return
        self._send(self.server.body)

    def answer_gone(self) -> None:
        self.send_error(410, "<script>alert(1)</script>")

    def answer_cut(self) -> None:
        self._send(self.server.body[:-40], promised=len(self.server.body))

    def answer_page(self) -> None:
        self._send(b"<!doctype html><title>Maintenance</title>")

    def answer_promised(self) -> None:
        self._send(b"", promised=10**12)

    def answer_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while not self.server.over.is_set():
                self.wfile.write(b"172.224.224.0/27,GB,GB-EN,London,\n" * 4000)
        except OSError:
            return

    def answer_slow(self) -> None:
        self._drip(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"1" * 5000)

    def answer_slowhead(self) -> None:
        self._drip(b"HTTP/1.1 200 OK\r\nX-Pad: " + b"1" * 5000)

    def answer_round(self) -> None:
        self.send_response(302)
        self.send_header("location", "/round")
        self.end_headers()

    def answer_nowhere(self) -> None:
        self.send_response(302)
        self.end_headers()

    def answer_moved(self) -> None:
        self.send_response(301)
        self.send_header("location", "/good")
        self.end_headers()

    def answer_file(self) -> None:
        self._redirect("file:///etc/passwd")

    def answer_port(self) -> None:
        self._redirect(self.server.url("good").replace("/good", "0000/good"))

    def answer_control(self) -> None:
        self._redirect("/go\x01od")

    def answer_bytes(self) -> None:
        self._redirect("/good?\xe9")

    def _redirect(self, location: str) -> None:
        self.send_response(302)
        self.send_header("location", location)
        self.end_headers()

    def answer_noise(self) -> None:
        self.wfile.write(b"\x00\x01 no http \xff\r\n\r\n")

    def _drip(self, data: bytes) -> None:
        try:
            for byte in data:
                if self.server.over.is_set():
                    return
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            return

    def _send(self, data: bytes, promised: int | None = None) -> None:
        self.send_response(200)
        self.send_header("etag", ETAG)
        self.send_header("last-modified", "Sun, 01 Nov 2026 00:00:00 GMT")
        self.send_header("content-length", str(len(data) if promised is None else promised))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@contextmanager
def publisher(body: bytes) -> Iterator[Publisher]:
    with Publisher(body) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            serving.join()
