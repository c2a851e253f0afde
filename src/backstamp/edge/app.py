"""The public edge: open the token, look at the policy, write the hit, answer.

Nothing else is on the way: no database, no name look-up, nothing shared between workers.  An answer
never waits for anything; it is made in the thread that brings the request (`edge.first_step`).  What is
the same for many requests is worked out beside the way: every quarter of a second the key ring and the
policy are looked at (`_refresh`), and a caller's network class and `source` are remembered (`edge.callers`).
"""

import asyncio
import logging
import os
from collections.abc import Callable
from time import time_ns
from typing import Any, Final, Protocol

from backstamp.edge import callers
from backstamp.edge.callers import Callers
from backstamp.edge.client_address import TrustedProxies, address_text
from backstamp.edge.config import EdgeConfig
from backstamp.edge.hits import kept_headers
from backstamp.edge.losses import Losses
from backstamp.edge.policy import hit_policy
from backstamp.edge.replies import (
    HEALTHY,
    NOT_ALLOWED,
    NOT_FOUND,
    ROBOTS,
    SWITCHED_OFF,
    Page,
    ReplyProtocol,
    send_onward,
    send_pixel,
    send_redirect,
    send_unchecked,
)
from backstamp.journal import JournalUnavailableError, JournalWriter, PackedHit, SnapshotFile, SourceKeys
from backstamp.tokens import Keyring, LinkToken, PixelToken, open_token
from backstamp.vocabulary import ClickAction, HitKind

_log = logging.getLogger("backstamp.edge")

REFRESH_SECONDS: Final = 0.25
"""Key ring and snapshot look at their files twice a second when asked: together below a second."""
HOUSEKEEPING_SECONDS: Final = 60.0
PIXEL_LENGTHS: Final = range(45, 52)
"""Lengths of what was probably a pixel's token (48): cut or lengthened a little on its way."""

_PAGES: Final[dict[str, Page]] = {"/healthz": HEALTHY, "/robots.txt": ROBOTS}
_PIXEL: Final = HitKind.PIXEL
_REDIRECT: Final = HitKind.REDIRECT


class Headers(callers.Headers, Protocol):
    """The header section of a request."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of a field."""


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
    def headers(self) -> Headers:
        """The header section; each look at it copies it."""


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
        self._callers = Callers(TrustedProxies(config.trusted_proxies), source_keys)
        self._losses = Losses(_log)
        self._ring = keyring()
        self._published = snapshot.current()
        self._policy = hit_policy(self._published)
        self._housekeeping_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look after things; Granian calls this before the first request."""
        self._look_after(loop)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let go of the journal; Granian calls this after the last answer."""
        if self._timer is not None:
            self._timer.cancel()
        self._journal.close()

    async def __rsgi__(self, scope: Scope, proto: ReplyProtocol) -> None:
        """Answer one request, after its hit was written.

        What follows the first question mark never matters: mail clients append to it.
        """
        method = scope.method
        path = scope.path
        token = open_token(self._ring, path[1:])
        if method != "GET" and method != "HEAD":
            self._answer_other(method, token, scope, proto)
        elif token is None:
            self._answer_unknown(path, scope, proto)
        elif isinstance(token, PixelToken):
            policy = self._policy
            if token.recipient_key not in policy.withdrawn and token.tracking_id not in policy.kills.messages:
                self._record(scope, method, token, _PIXEL, token.recipient_key, None, None)
            send_pixel(proto)
        elif token.tracking_id in self._policy.with_kills and self._policy.is_killed(token):
            self._block(method, token, scope, proto)
        elif not token.url.isprintable():
            NOT_FOUND.send(proto)
        else:
            self._record(scope, method, token, _REDIRECT, b"", token.recipient_index, token.link_number)
            if token.protected:
                send_unchecked(proto, token.url)
            else:
                send_redirect(proto, token.url)

    def _answer_other(
        self, method: str, token: PixelToken | LinkToken | None, scope: Scope, proto: ReplyProtocol
    ) -> None:
        """Go on to a link that could not be checked, when a person asks for it; nothing else is done."""
        if method != "POST" or not isinstance(token, LinkToken) or not token.protected:
            NOT_ALLOWED.send(proto)
        elif token.tracking_id in self._policy.with_kills and self._policy.is_killed(token):
            self._block(method, token, scope, proto)
        elif token.url.isprintable():
            self._record(scope, method, token, _REDIRECT, b"", token.recipient_index, token.link_number)
            send_onward(proto, token.url)
        else:
            NOT_ALLOWED.send(proto)

    def _block(self, method: str, token: LinkToken, scope: Scope, proto: ReplyProtocol) -> None:
        self._record(
            scope, method, token, _REDIRECT, b"", token.recipient_index, token.link_number, ClickAction.BLOCK
        )
        SWITCHED_OFF.send(proto)

    def _answer_unknown(self, path: str, scope: Scope, proto: ReplyProtocol) -> None:
        page = _PAGES.get(path)
        if page is not None:
            page.send(proto)
        elif is_for_image(path, scope.headers):
            send_pixel(proto)
        else:
            NOT_FOUND.send(proto)

    def _record(
        self,
        scope: Scope,
        method: str,
        token: PixelToken | LinkToken,
        kind: HitKind,
        recipient_key: bytes,
        recipient_index: int | None,
        link_number: int | None,
        action: ClickAction | None = None,
    ) -> None:
        policy = self._policy
        if not policy.record:
            return
        try:
            at_us = time_ns() // 1000
            headers = scope.headers
            caller = self._callers.of(scope.client, headers, at_us)
            self._journal.append_hit(
                PackedHit(
                    at_us,
                    kind,
                    token.domain_id,
                    token.tracking_id,
                    method,
                    recipient_key,
                    recipient_index,
                    link_number,
                    kept_headers(headers.items()),
                    caller.network,
                    caller.source,
                    address_text(caller.octets) if policy.keep_addresses else None,
                    action,
                )
            )
        except JournalUnavailableError as error:
            self._losses.count(str(error))
        except Exception as error:  # noqa: BLE001 (a link in a delivered mail must work whatever breaks here)
            self._losses.count(f"{type(error).__name__} while a hit was recorded")
        else:
            if self._losses.pending:
                self._losses.end()

    def _look_after(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(REFRESH_SECONDS, self._look_after, loop)
        self._refresh()
        if loop.time() >= self._housekeeping_at:
            self._housekeeping_at = loop.time() + HOUSEKEEPING_SECONDS
            self._keep_house()

    def _refresh(self) -> None:
        """See whether keys or policy have changed."""
        self._ring = self._keyring()
        published = self._snapshot.current()
        if published is not self._published:
            self._published = published
            self._policy = hit_policy(published)

    def _keep_house(self) -> None:
        self._callers.forget()
        try:
            self._source_keys.destroy_old(time_ns() // 1000)
        except OSError as error:
            _log.error("old source keys cannot be destroyed: %s", os.strerror(error.errno or 0))


def is_for_image(path: str, headers: Headers) -> bool:
    """Whether a request that opens no token gets the image all the same.

    A bad token does not say whether a pixel or a link was meant. It was a pixel when the client says
    that it wants an image, or when the path is as long as a pixel's token, give or take three, and the
    client does not say that it goes to a page.
    """
    destination = headers.get("sec-fetch-dest")
    if destination == "image" or (headers.get("accept") or "").startswith("image/"):
        return True
    return len(path) - 1 in PIXEL_LENGTHS and "/" not in path[1:] and destination != "document"
