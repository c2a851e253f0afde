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
from time import perf_counter_ns, time_ns
from typing import Final

from backstamp.edge.callers import Callers
from backstamp.edge.client_address import TrustedProxies, address_text
from backstamp.edge.config import EdgeConfig
from backstamp.edge.hits import kept_headers
from backstamp.edge.idle_connections import LOOK_SECONDS, IdleConnections
from backstamp.edge.losses import Losses
from backstamp.edge.own_page import PAGE_START, OwnPages
from backstamp.edge.policy import hit_policy
from backstamp.edge.replies import (
    NOT_ALLOWED,
    NOT_FOUND,
    SWITCHED_OFF,
    BodyProtocol,
    ReplyProtocol,
    send_onward,
    send_pixel,
    send_redirect,
    send_unchecked,
)
from backstamp.edge.scope import Scope
from backstamp.edge.unopened import answer_unopened
from backstamp.journal import (
    Answer,
    Drop,
    EdgeCounters,
    JournalUnavailableError,
    JournalWriter,
    PackedHit,
    SignatureFile,
    SnapshotFile,
    SourceKeys,
)
from backstamp.journal.edge_counters import TIME_NS, TIMES
from backstamp.tokens import Keyring, LinkToken, PixelToken, open_token
from backstamp.vocabulary import ClickAction, HitKind

_log = logging.getLogger("backstamp.edge")

REFRESH_SECONDS: Final = 0.25
"""Key ring and snapshot look at their files twice a second when asked: together below a second."""
COUNTERS_SECONDS: Final = 1.0
HOUSEKEEPING_SECONDS: Final = 60.0

_PIXEL: Final = HitKind.PIXEL
_REDIRECT: Final = HitKind.REDIRECT
# A member of an enum costs more to look up than all the counting.
_ANSWERED_PIXEL: Final = Answer.PIXEL
_ANSWERED_REDIRECT: Final = Answer.REDIRECT


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
        signatures: SignatureFile,
        counters: EdgeCounters,
    ) -> None:
        """Take what the worker needs; `journal` and `counters` are its own."""
        self._keyring = keyring
        self._snapshot = snapshot
        self._journal = journal
        self._source_keys = source_keys
        self._callers = Callers(TrustedProxies(config.trusted_proxies), source_keys)
        self._signatures = signatures
        self._callers.use(signatures.table())
        self._counters = counters
        self._counts = counters.counts
        self._losses = Losses(_log)
        self._ring = keyring()
        self._published = snapshot.current()
        self._policy = hit_policy(self._published)
        self._own_pages = OwnPages(journal)
        self._idle = IdleConnections(config.port, config.connections)
        self._idle_at = 0.0
        self._housekeeping_at = 0.0
        self._counters_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to look after things; Granian calls this before the first request."""
        self._look_after(loop)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Leave everything in order; Granian calls this when the answers that were begun are given.

        The journal stays open: should a request come all the same, its hit is not lost.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._journal.wind_down()
        self._counters.flush()

    async def __rsgi__(self, scope: Scope, proto: BodyProtocol) -> None:
        """Answer one request, after its hit was written.

        What follows the first question mark never matters: mail clients append to it.
        """
        began = perf_counter_ns()
        method = scope.method
        path = scope.path
        token = open_token(self._ring, path[1:])
        if method != "GET" and method != "HEAD":
            if method == "POST" and path.startswith(PAGE_START):
                # Its body is waited for, which says nothing about our own time.
                self._counts[await self._own_pages.act(self._ring, self._published, scope, proto)] += 1
                return
            answer = self._answer_other(method, token, scope, proto)
        elif token is None:
            if path.startswith(PAGE_START):
                answer = self._own_pages.show(self._ring, self._published, scope, proto)
            else:
                answer = answer_unopened(path, scope.headers, proto)
        elif isinstance(token, PixelToken):
            policy = self._policy
            if token.recipient_key in policy.withdrawn:
                self._counts[Drop.WITHDRAWN] += 1
            elif token.tracking_id in policy.kills.messages:
                self._counts[Drop.KILLED] += 1
            else:
                self._record(scope, method, token, _PIXEL, token.recipient_key, None, None)
            send_pixel(proto)
            answer = _ANSWERED_PIXEL
        elif token.tracking_id in self._policy.with_kills and self._policy.is_killed(token):
            answer = self._block(method, token, scope, proto)
        elif not token.url.isprintable():
            NOT_FOUND.send(proto)
            answer = Answer.NOT_FOUND
        else:
            self._record(scope, method, token, _REDIRECT, b"", token.recipient_index, token.link_number)
            if token.protected:
                send_unchecked(proto, token.url)
                answer = Answer.UNCHECKED
            else:
                send_redirect(proto, token.url)
                answer = _ANSWERED_REDIRECT
        counts = self._counts
        counts[answer] += 1
        took = perf_counter_ns() - began
        counts[TIME_NS] += took
        counts[TIMES + (took >> 10).bit_length()] += 1

    def _answer_other(
        self, method: str, token: PixelToken | LinkToken | None, scope: Scope, proto: ReplyProtocol
    ) -> Answer:
        """Go on to a link that could not be checked, when a person asks for it; nothing else is done."""
        if method == "POST" and isinstance(token, LinkToken) and token.protected:
            if token.tracking_id in self._policy.with_kills and self._policy.is_killed(token):
                return self._block(method, token, scope, proto)
            if token.url.isprintable():
                self._record(scope, method, token, _REDIRECT, b"", token.recipient_index, token.link_number)
                send_onward(proto, token.url)
                return Answer.ONWARD
        NOT_ALLOWED.send(proto)
        return Answer.NOT_ALLOWED

    def _block(self, method: str, token: LinkToken, scope: Scope, proto: ReplyProtocol) -> Answer:
        self._record(
            scope, method, token, _REDIRECT, b"", token.recipient_index, token.link_number, ClickAction.BLOCK
        )
        SWITCHED_OFF.send(proto)
        return Answer.BLOCKED

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
            self._counts[Drop.TRACKING_OFF] += 1
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
            self._counts[Drop.JOURNAL_UNAVAILABLE] += 1
            self._losses.count(str(error))
        except Exception as error:  # noqa: BLE001 (a link in a delivered mail must work whatever breaks here)
            self._counts[Drop.FAILURE] += 1
            self._losses.count(f"{type(error).__name__} while a hit was recorded")
        else:
            if self._losses.pending:
                self._losses.end()

    def _look_after(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(REFRESH_SECONDS, self._look_after, loop)
        self._refresh()
        if loop.time() >= self._counters_at:
            self._counters_at = loop.time() + COUNTERS_SECONDS
            self._counters.published_at_us = self._published.published_at_us if self._published else 0
            self._counters.flush()
        if loop.time() >= self._idle_at:
            self._idle_at = loop.time() + LOOK_SECONDS
            if shut := self._idle.look():
                _log.warning("connections ran short: %d that asked for nothing were shut", shut)
        if loop.time() >= self._housekeeping_at:
            self._housekeeping_at = loop.time() + HOUSEKEEPING_SECONDS
            self._keep_house()

    def _refresh(self) -> None:
        """See whether keys, networks or policy have changed."""
        self._callers.use(self._signatures.table())
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
