"""The public edge: open the token, look at the policy, write the hit, answer.

Nothing else is on the way: no database, no name look-up, nothing shared between workers.  An answer
never waits for anything; it is made in the thread that brings the request (`edge.serving.first_step`).
What is the same for many requests is worked out beside the way: every quarter of a second the key ring
and the policy are looked at (`_chores`), and a caller's network class and `source` are remembered
(`edge.recording.callers`).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from time import perf_counter_ns, time_ns
from typing import Final

from backstamp.edge.config import EdgeConfig
from backstamp.edge.deciding.clicks import Clicks
from backstamp.edge.deciding.floods import FADE_SECONDS, Floods
from backstamp.edge.deciding.policy import hit_policy
from backstamp.edge.link_pages import LinkPages
from backstamp.edge.own_page import PAGE_START, OwnPages
from backstamp.edge.recording.callers import Callers
from backstamp.edge.recording.client_address import TrustedProxies
from backstamp.edge.recording.recorder import HitRecorder
from backstamp.edge.replies.prepared import NOT_ALLOWED, PAGE_NOT_ALLOWED, send_pixel, send_redirect
from backstamp.edge.replies.protocol import BodyProtocol, HeadProtocol, ReplyProtocol
from backstamp.edge.requests.scope import Scope
from backstamp.edge.serving.chores import Chore, Chores
from backstamp.edge.serving.idle_connections import LOOK_SECONDS, IdleConnections
from backstamp.edge.unopened import answer_unopened, before_markup, link_in_text
from backstamp.http_listener import connections_for
from backstamp.journal import JournalWriter
from backstamp.policy import Snapshot
from backstamp.shared_files import Answer, EdgeCounters, SignatureFile, SnapshotFile, SourceKeys, ThreatFile
from backstamp.shared_files.answers_file import AnswersFile
from backstamp.shared_files.edge_counters import TIME_NS, TIMES
from backstamp.tokens import Keyring, LinkToken, PixelToken, open_token

_log = logging.getLogger("backstamp.edge")

REFRESH_SECONDS: Final = 0.25
"""Key ring and snapshot look at their files twice a second when asked: together below a second."""
COUNTERS_SECONDS: Final = 1.0
HOUSEKEEPING_SECONDS: Final = 60.0

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
        wishes: JournalWriter,
        source_keys: SourceKeys,
        signatures: SignatureFile,
        counters: EdgeCounters,
        threats: ThreatFile,
        answers: AnswersFile,
    ) -> None:
        """Take what the worker needs; `journal`, `wishes` (which go ahead) and `counters` are its own."""
        self._keyring = keyring
        self._snapshot = snapshot
        self._journal = journal
        self._wishes = wishes
        self._source_keys = source_keys
        self._callers = Callers(TrustedProxies(config.trusted_proxies), source_keys)
        self._signatures = signatures
        self._counters = counters
        self._counts = counters.counts
        self._floods = Floods(config.flood_limits)
        self._recorder = HitRecorder(journal, self._callers, self._floods, self._counts)
        self._clicks = Clicks(threats, answers)
        self._links = LinkPages(self._clicks, self._floods, self._recorder, journal, self._counts)
        self._own_pages = OwnPages(wishes, self._floods, self._counts)
        self._idle = IdleConnections(config.port, connections_for(config.connections))
        self._use(snapshot.current())
        self._ring = keyring()
        self._chores = Chores(
            Chore("looking at the key ring", REFRESH_SECONDS, self._refresh_keys),
            Chore("looking at policy and lists", REFRESH_SECONDS, self._refresh_policy),
            Chore("looking at the networks", REFRESH_SECONDS, self._refresh_networks),
            Chore("writing counters", COUNTERS_SECONDS, self._flush_counters),
            Chore("shutting idle connections", LOOK_SECONDS, self._idle.look),
            Chore("forgetting callers and URLs", HOUSEKEEPING_SECONDS, self._forget),
            Chore("destroying old source keys", HOUSEKEEPING_SECONDS, self._destroy_old_keys),
            Chore("letting counts of tokens fade", FADE_SECONDS, self._floods.fade),
        )
        self._refresh_policy()
        self._refresh_networks()
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
        self._wishes.wind_down()
        self._counters.flush()

    async def __rsgi__(self, scope: Scope, proto: BodyProtocol) -> None:
        """Answer one request, after its hit was written.

        What follows the first question mark never matters: mail clients append to it.
        """
        began = perf_counter_ns()
        method = scope.method
        path = scope.path
        replying: ReplyProtocol = HeadProtocol(proto) if method == "HEAD" else proto
        token = open_token(self._ring, path[1:])
        if token is None:
            token = link_in_text(self._ring, path)
        if method != "GET" and method != "HEAD":
            acting = self._acting(method, token, scope, proto)
            if acting is not None:
                # Its body is waited for, which says nothing about our own time.
                self._counts[await acting] += 1
                return
            (PAGE_NOT_ALLOWED if path.startswith(PAGE_START) else NOT_ALLOWED).send(replying)
            answer = Answer.NOT_ALLOWED
        elif token is None:
            if path.startswith(PAGE_START):
                answer = self._own_pages.show(self._ring, self._published, scope, replying)
            else:
                self._note_malformed(scope, path)
                answer = answer_unopened(path, scope.headers, replying)
        elif isinstance(token, PixelToken):
            self._recorder.pixel(scope, token)
            send_pixel(replying)
            answer = _ANSWERED_PIXEL
        elif self._links.leads_on(token) and token.url.isprintable():
            self._recorder.link(scope, token)
            send_redirect(replying, token.url)
            answer = _ANSWERED_REDIRECT
        else:
            answer = self._links.show(self._ring, token, scope, replying)
        counts = self._counts
        counts[answer] += 1
        took = perf_counter_ns() - began
        counts[TIME_NS] += took
        counts[TIMES + (took >> 10).bit_length()] += 1

    def _acting(
        self, method: str, token: PixelToken | LinkToken | None, scope: Scope, proto: BodyProtocol
    ) -> Coroutine[None, None, Answer] | None:
        """Return what a request with a body does, or None where nothing is done."""
        if method != "POST":
            return None
        if scope.path.startswith(PAGE_START):
            return self._own_pages.act(self._ring, self._published, scope, proto)
        return self._links.act(self._ring, token, scope, proto) if isinstance(token, LinkToken) else None

    def _note_malformed(self, scope: Scope, path: str) -> None:
        """Write that somebody asked for a token of ours with markup behind it: one more token to open."""
        marked = before_markup(path)
        if marked is None:
            return
        token = open_token(self._ring, marked.token)
        if token is not None:
            self._recorder.malformed(scope, token, marked.tail)

    def _look_after(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(REFRESH_SECONDS, self._look_after, loop)
        self._chores.run(loop.time())

    def _refresh_networks(self) -> None:
        self._callers.use(self._signatures.table())

    def _refresh_keys(self) -> None:
        self._ring = self._keyring()

    def _refresh_policy(self) -> None:
        published = self._snapshot.current()
        if published is not self._published:
            self._use(published)
        self._clicks.refresh(self._policy)

    def _use(self, published: Snapshot | None) -> None:
        self._published = published
        self._policy = self._recorder.policy = self._links.policy = hit_policy(published)

    def _flush_counters(self) -> None:
        self._counters.published_at_us = self._published.published_at_us if self._published else 0
        self._counters.flush()

    def _forget(self) -> None:
        self._callers.forget()
        self._clicks.forget()

    def _destroy_old_keys(self) -> None:
        self._source_keys.destroy_old(time_ns() // 1000)
