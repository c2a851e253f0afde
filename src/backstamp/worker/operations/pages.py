"""The private pages: `/metrics` for Prometheus, and `/ask` for Caddy's certificates on demand.

They are the worker's, because it alone knows the database and both ends of the journal; the public edge has
no such page. They ask nobody who is there, so they belong on a private address.
"""

import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

from django.db import Error as DatabaseError

from backstamp.own_threads import in_own_thread
from backstamp.policy import Snapshot
from backstamp.records.ingest.journal_cursors import cursors
from backstamp.records.outbox.entries import ChannelStanding, standings
from backstamp.shared_files import SnapshotFile
from backstamp.worker.config import WorkerConfig
from backstamp.worker.operations.exposition import CONTENT_TYPE
from backstamp.worker.operations.metrics import metrics
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.troubles import Troubles

CLIENT_SECONDS: Final = 10.0
DATABASE_SECONDS: Final = 3.0
"""A page does without the database's figures after this time; Prometheus itself waits 10 s by default."""


class OperationsPages:
    """Answers on the private address."""

    def __init__(
        self,
        config: WorkerConfig,
        database: Database,
        troubles: Troubles,
        reports_too_large: Callable[[], int] | None = None,
    ) -> None:
        """`troubles` are those of all parts; `reports_too_large` counts mails of an IMAP mailbox, None where
        none is looked at.
        """
        self._config = config
        self._database = database
        self._troubles = troubles
        self._reports_too_large = reports_too_large
        self._snapshot = SnapshotFile(config.snapshot_path)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Answer until `stop` is set. Raises OSError where the address cannot be listened on."""
        assert self._config.operations_listen is not None
        self._loop = asyncio.get_running_loop()
        server = _Server(self._config.operations_listen, self)
        serving = asyncio.create_task(in_own_thread(server.serve_forever, 0.1))
        try:
            await stop.wait()
        finally:
            await asyncio.to_thread(server.shutdown)
            await serving
            server.server_close()

    def page(self, target: str) -> tuple[HTTPStatus, str, str]:
        """Return status, media type and text for a request's target; called in a thread of its own."""
        parts = urlsplit(target)
        if parts.path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE, self._metrics()
        if parts.path == "/ask":
            domain = parse_qs(parts.query).get("domain", [""])[0]
            return self._ask(domain), "text/plain", ""
        return HTTPStatus.NOT_FOUND, "text/plain", "Here are /metrics and /ask?domain=NAME.\n"

    def _metrics(self) -> str:
        known = self._asked()
        return metrics(
            counters_dir=self._config.edge_counters_dir,
            journal_dir=self._config.journal_dir,
            cursors=known[0] if known is not None else None,
            snapshot=self._snapshot.current(),
            failing=self._troubles.failing_seconds(),
            feeds=self._config.feeds,
            channels=known[1] if known is not None else (),
            reports_too_large=self._reports_too_large and self._reports_too_large(),
        )

    def _asked(self) -> tuple[dict[str, int], list[ChannelStanding]] | None:
        """Return what the database knows; None while it is away."""
        assert self._loop is not None
        asked = asyncio.run_coroutine_threadsafe(self._database.run(_in_records), self._loop)
        try:
            return asked.result(DATABASE_SECONDS)
        except (DatabaseError, OSError, TimeoutError):
            return None

    def _ask(self, domain: str) -> HTTPStatus:
        snapshot = self._snapshot.current()
        if snapshot is None:
            return HTTPStatus.SERVICE_UNAVAILABLE
        known = domain.lower().rstrip(".") in tracking_hosts(snapshot)
        return HTTPStatus.OK if known else HTTPStatus.NOT_FOUND


def _in_records() -> tuple[dict[str, int], list[ChannelStanding]]:
    return cursors(), standings(datetime.now(UTC))


def tracking_hosts(snapshot: Snapshot) -> frozenset[str]:
    """Return the host names under which the edge is reached: the installation's, and each domain's own."""
    urls = [snapshot.tracking_url, *(domain.tracking_url for domain in snapshot.domains.values())]
    return frozenset(host for url in urls if (host := urlsplit(url).hostname))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], pages: OperationsPages) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.pages = pages
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = CLIENT_SECONDS
    server: _Server

    def do_GET(self) -> None:
        """Answer with a page."""
        try:
            status, media_type, text = self.server.pages.page(self.path)
        except (OSError, ValueError) as error:  # ValueError: a target that is no URL
            status, media_type, text = HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain", f"{error}\n"
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """Name nobody."""
        return "http"

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: a look every few seconds is no news."""
