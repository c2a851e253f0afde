"""A publisher of feeds on this machine: conditional requests, ranges, and how publishers fail."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Query = Mapping[str, list[str]]


@dataclass
class Page:
    """What is served at one path."""

    body: bytes | Callable[[Query], bytes] = b""
    etag: str = ""
    last_modified: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    """The connection ends after so many bytes of the body."""
    byte_seconds: float = 0.0
    """A byte at a time, with this pause."""
    ranges: bool = True
    says_length: bool = True


@dataclass(frozen=True)
class Asked:
    path: str
    query: Query
    headers: Mapping[str, str]
    url: str
    """Path and query as they came."""


class FeedServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Page] = {}
        self.asked: list[Asked] = []
        self.over = threading.Event()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: FeedServer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(parts.path, query, headers, self.path))
        page = self.server.pages.get(parts.path, Page(status=404))
        validators = (page.etag and headers.get("if-none-match")) or headers.get("if-modified-since")
        if page.status == 200 and validators and validators in (page.etag, page.last_modified):
            self.send_response(304)
            self.end_headers()
            return
        body = page.body if isinstance(page.body, bytes) else page.body(query)
        status, start = page.status, 0
        match = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        if match and page.ranges and headers.get("if-range") in (page.etag, page.last_modified):
            start = int(match[1])
            status = 206 if start < len(body) else 416
        self.send_response(status)
        if status == 206 and page.ranges:
            self.send_header("content-range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        for name, value in {"etag": page.etag, "last-modified": page.last_modified, **page.headers}.items():
            if value:
                self.send_header(name, value)
        if page.says_length:
            self.send_header("content-length", str(len(body) - start))
        self.end_headers()
        self._write(page, body[start:] if page.cut_after is None else body[start : page.cut_after])

    def _write(self, page: Page, body: bytes) -> None:
        try:
            if not page.byte_seconds:
                self.wfile.write(body)
            for byte in body if page.byte_seconds else b"":
                if self.server.over.is_set():
                    return
                self.wfile.write(bytes([byte]))
                time.sleep(page.byte_seconds)
        except OSError:
            return

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@contextmanager
def feed_server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        serving.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            serving.join()
