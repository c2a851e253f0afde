"""The public edge: open the token, look at the policy, write the hit, answer.

Nothing else is on the way: no database, no name look-up, nothing shared between workers.  An answer
never waits for anything, so a request is answered within one turn of the loop.

Where the time goes, measured by the worker's CPU time a request under wrk (`backstamp bench edge`):
of 33 us, Granian with an empty application needs 16; opening the token 5, the header section 3, the
journal 4, the reply's six fields 1.5, `source` 1.  Each step costs about twice here what it costs in a
loop of its own.  Tried without gain: Granian's Rust task, collecting garbage less often, a slower
`fdatasync`.  Known to gain: answering in Granian's own thread, without the turn of the loop (3 us, but
only through its private parts), and all of this in one function (5 us, but unreadable).
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from backstamp.edge.client_address import TrustedProxies, address_text, peer_octets
from backstamp.edge.config import EdgeConfig
from backstamp.edge.hits import hit_of, kept_headers
from backstamp.edge.losses import Losses
from backstamp.edge.replies import (
    HEALTHY,
    NOT_ALLOWED,
    NOT_FOUND,
    ROBOTS,
    Page,
    ReplyProtocol,
    send_pixel,
    send_redirect,
)
from backstamp.journal import JournalUnavailableError, JournalWriter, SnapshotFile, SourceKeys
from backstamp.policy import ConsentState, Snapshot
from backstamp.tokens import Keyring, LinkToken, PixelToken, open_token
from backstamp.verdicts import network_class
from backstamp.verdicts.networks import NOT_SEEN

_log = logging.getLogger("backstamp.edge")

HOUSEKEEPING_SECONDS: Final = 60.0
PIXEL_LENGTHS: Final = range(45, 52)
"""Lengths of what was probably a pixel's token (48): cut or lengthened a little on its way."""

_PAGES: Final[dict[str, Page]] = {"/healthz": HEALTHY, "/robots.txt": ROBOTS}


class _Headers(Protocol):
    def items(self) -> list[tuple[str, str]]: ...

    def get(self, key: str, default: Any = None) -> Any: ...


class Scope(Protocol):
    """The part of Granian's RSGI scope that is read. `path` is percent-decoded, without the query."""

    @property
    def method(self) -> str:
        """The request's method, as it came."""

    @property
    def path(self) -> str:
        """The path of the request's target."""

    @property
    def client(self) -> str:
        """Address and port of the peer."""

    @property
    def headers(self) -> _Headers:
        """The header section."""


class Edge:
    """The RSGI application of one edge worker."""

    def __init__(
        self,
        config: EdgeConfig,
        *,
        keyring: Callable[[], Keyring],
        snapshot: SnapshotFile,
        journal: JournalWriter,
        source_keys: SourceKeys,
    ) -> None:
        """Take what the worker needs; `journal` is its own."""
        self._keyring = keyring
        self._snapshot = snapshot
        self._journal = journal
        self._source_keys = source_keys
        self._proxies = TrustedProxies(config.trusted_proxies)
        self._losses = Losses(_log)
        self._housekeeping: asyncio.TimerHandle | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin housekeeping; Granian calls this before the first request."""
        self._keep_house(loop)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let go of the journal; Granian calls this after the last answer."""
        if self._housekeeping is not None:
            self._housekeeping.cancel()
        self._journal.close()

    async def __rsgi__(self, scope: Scope, proto: ReplyProtocol) -> None:
        """Answer one request."""
        self.answer(scope, proto)

    def answer(self, scope: Scope, proto: ReplyProtocol) -> None:
        """Answer one request, after its hit was written.

        What follows the first question mark never matters: mail clients append to it.
        """
        method = scope.method
        if method != "GET" and method != "HEAD":
            NOT_ALLOWED.send(proto)
            return
        path = scope.path
        token = open_token(self._keyring(), path[1:])
        if token is None:
            self._answer_unknown(path, scope, proto)
        elif isinstance(token, PixelToken):
            self._record(token, method, scope)
            send_pixel(proto)
        elif token.url.isprintable():
            self._record(token, method, scope)
            send_redirect(proto, token.url)
        else:
            NOT_FOUND.send(proto)

    def _answer_unknown(self, path: str, scope: Scope, proto: ReplyProtocol) -> None:
        page = _PAGES.get(path)
        if page is not None:
            page.send(proto)
        elif is_for_image(path, scope.headers):
            send_pixel(proto)
        else:
            NOT_FOUND.send(proto)

    def _record(self, token: PixelToken | LinkToken, method: str, scope: Scope) -> None:
        snapshot = self._snapshot.current()
        if snapshot is not None and not _may_record(snapshot, token):
            return
        try:
            at_us = time.time_ns() // 1000
            headers, forwarded = kept_headers(scope.headers.items())
            address = peer_octets(scope.client)
            if forwarded:
                address = self._proxies.client(address, forwarded)
            network = network_class(address) if address else NOT_SEEN
            source = self._source_keys.source(address, at_us)
            # Without a policy the most private setting holds.
            kept = address_text(address) if snapshot is not None and snapshot.keep_addresses else None
            self._journal.append(hit_of(token, at_us, method, headers, network, source, kept))
        except JournalUnavailableError as error:
            self._losses.count(str(error))
        except Exception as error:  # noqa: BLE001 (a link in a delivered mail must work whatever breaks here)
            self._losses.count(f"{type(error).__name__} while a hit was recorded")
        else:
            if self._losses.pending:
                self._losses.end()

    def _keep_house(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._source_keys.destroy_old(time.time_ns() // 1000)
        except OSError as error:
            _log.error("old source keys cannot be destroyed: %s", os.strerror(error.errno or 0))
        self._housekeeping = loop.call_later(HOUSEKEEPING_SECONDS, self._keep_house, loop)


def _may_record(snapshot: Snapshot, token: PixelToken | LinkToken) -> bool:
    """Whether policy lets a hit be kept: withdrawal also bites on mail that was sent before it.

    A link's token names its recipient by a number only; whose that is, is known at ingest.
    """
    if not snapshot.enabled:
        return False
    if isinstance(token, LinkToken):
        return True
    consent = snapshot.consents.get(token.recipient_key)
    return consent is None or consent.opens is not ConsentState.WITHDRAWN


def is_for_image(path: str, headers: _Headers) -> bool:
    """Whether a request that opens no token gets the image all the same.

    A bad token does not say whether a pixel or a link was meant. It was a pixel when the client says
    that it wants an image, or when the path is as long as a pixel's token, give or take three, and the
    client does not say that it goes to a page.
    """
    destination = headers.get("sec-fetch-dest")
    if destination == "image" or (headers.get("accept") or "").startswith("image/"):
        return True
    return len(path) - 1 in PIXEL_LENGTHS and "/" not in path[1:] and destination != "document"
