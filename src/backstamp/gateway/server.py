"""server: the listeners, one task for each connection, and an orderly end."""

import asyncio
import contextlib
import errno
import logging
import os
import secrets
import sqlite3
import ssl
import time
from collections.abc import Callable
from typing import Final

from backstamp.gateway import access, tls
from backstamp.gateway.client import Kind
from backstamp.gateway.config import (
    GatewayConfig,
    NextHopAddress,
    Submission,
    parse_listen,
    parse_next_hop,
)
from backstamp.gateway.errors import ConfigError, ListenError
from backstamp.gateway.next_hop import NextHop
from backstamp.gateway.outcomes import Outcomes
from backstamp.gateway.protocol.mail_data import Budget
from backstamp.gateway.protocol.reply import reply
from backstamp.gateway.protocol.wire import Wire
from backstamp.gateway.return_paths import ReturnPaths
from backstamp.gateway.rewriter.pool import RewriterPool
from backstamp.gateway.session import Session
from backstamp.gateway.suppressions import Suppressions
from backstamp.gateway.surroundings import Surroundings
from backstamp.gateway.tracking import Tracker
from backstamp.gateway.transaction import Transactions
from backstamp.journal import JournalWriter, SnapshotFile
from backstamp.tokens import Keyring
from backstamp.vocabulary import TlsMode, UpstreamTls

_log = logging.getLogger("backstamp.gateway")

DRAIN_SECONDS: Final = 15.0
"""How long transactions under way may take to end; the supervisor waits for 20 s."""
EXPIRE_EVERY: Final = 3600.0
LARGEST_AT_ONCE: Final = 4
"""So many messages of the largest size fit into memory at once, or correspondingly more small ones."""
LEAST_MEMORY: Final = 256 * 1024 * 1024
BACKLOG: Final = 200
"""Connections that the kernel keeps for us; asyncio's own default of 100 is short for a burst."""
TOO_MANY: Final = reply(421, "4.7.0 Too many connections, try again later")


async def serve(
    config: GatewayConfig,
    *,
    keyring: Callable[[], Keyring],
    snapshot: SnapshotFile,
    journal: JournalWriter,
    stop: asyncio.Event,
) -> None:
    """Run the gateway until `stop` is set, then let transactions under way come to their end.

    Raises `ConfigError`, `ListenError`.
    """
    gateway = Gateway(config, keyring=keyring, snapshot=snapshot, journal=journal)
    try:
        await gateway.start()
        await stop.wait()
    finally:
        await gateway.close()


def check_config(config: GatewayConfig) -> None:
    """Raise `ConfigError` for the first thing that is wrong with a configuration; opens nothing."""
    access.check_networks("gateway.trusted_networks", config.trusted_networks)
    access.check_networks("gateway.xclient_networks", config.xclient_networks)
    next_hop = parse_next_hop(config.next_hop)
    if next_hop.path and config.next_hop_tls is TlsMode.REQUIRED:
        raise ConfigError(
            "gateway.next_hop is a Unix socket, where TLS is not spoken; set gateway.next_hop_tls"
        )
    for name, text in _listeners(config):
        if text and parse_listen(name, text)[1] == next_hop.port and _is_here(text, next_hop):
            raise ConfigError(f"gateway.next_hop is {name} itself: mail would go round in circles")
    if not config.listen and not config.lmtp_listen and config.submission is None:
        raise ConfigError("the gateway listens nowhere; set gateway.listen")
    if config.submission is not None and tls.server_context(config) is None:
        raise ConfigError("submission needs gateway.tls_certificate: passwords travel over TLS only")
    if config.rewriting.memory_bytes < LEAST_MEMORY:
        raise ConfigError(
            "rewriting.memory_bytes is less than a rewriting process needs; give it 256 MiB or more"
        )
    tls.server_context(config)
    _next_hop(config)
    _upstream(config)


def _is_here(listen: str, next_hop: NextHopAddress) -> bool:
    host = parse_listen("listen", listen)[0]
    here = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    return host == next_hop.host or (host in here and next_hop.host in here)


def _listeners(config: GatewayConfig) -> list[tuple[str, str]]:
    submission = config.submission or Submission(upstream="")
    return [
        ("gateway.listen", config.listen),
        ("gateway.lmtp_listen", config.lmtp_listen),
        ("submission.listen", submission.listen),
        ("submission.tls_listen", submission.tls_listen),
    ]


def _next_hop(config: GatewayConfig) -> NextHop:
    address = parse_next_hop(config.next_hop)
    context: ssl.SSLContext | None = None
    if config.next_hop_tls is TlsMode.REQUIRED:
        context = tls.verifying_context("gateway.next_hop_ca", config.next_hop_ca)
    elif address.implicit_tls or (config.next_hop_tls is TlsMode.OPPORTUNISTIC and not address.path):
        context = tls.unverified_context()
    return NextHop(address, config.next_hop_tls, context, config.hostname, config.timeouts)


def _upstream(config: GatewayConfig) -> NextHop | None:
    submission = config.submission
    if submission is None:
        return None
    host, port = parse_listen("submission.upstream", submission.upstream)
    address = NextHopAddress(host=host, port=port, implicit_tls=submission.upstream_tls is UpstreamTls.TLS)
    context = tls.verifying_context("submission.upstream_ca", submission.upstream_ca)
    return NextHop(address, TlsMode.REQUIRED, context, config.hostname, config.timeouts)


class Gateway:
    """All listeners and sessions of one process."""

    def __init__(
        self,
        config: GatewayConfig,
        *,
        keyring: Callable[[], Keyring],
        snapshot: SnapshotFile,
        journal: JournalWriter,
    ) -> None:
        """Check the configuration and open the outcomes' file. Raises `ConfigError`."""
        check_config(config)
        self._config = config
        self._rewriter = RewriterPool(config.rewriting)
        self._outcomes = Outcomes(config.outcomes)
        tracker = Tracker(
            keyring=keyring,
            snapshot=snapshot,
            journal=journal,
            rewriter=self._rewriter,
            options=config.rewriting_options,
        )
        next_hop = _next_hop(config)
        self._about = Surroundings(
            config=config,
            transactions=Transactions(
                tracker=tracker,
                suppressions=Suppressions(keyring, snapshot),
                return_paths=ReturnPaths(
                    keyring, domain=config.report_domain, owned=config.return_path_domains
                ),
                outcomes=self._outcomes,
                journal=journal,
                hostname=config.hostname,
                next_hop_name=str(next_hop.address),
                new_tracking_id=lambda: secrets.randbits(64),
                clock=time.time,
            ),
            budget=Budget(LARGEST_AT_ONCE * config.max_size),
            tls=tls.server_context(config),
            next_hop=next_hop,
            upstream=_upstream(config),
        )
        self._servers: list[asyncio.Server] = []
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._expiry: asyncio.Task[None] | None = None
        self.ports: dict[str, int] = {}
        """The port of each listener that stands, by the name of its setting."""

    async def start(self) -> None:
        """Open the listeners. Raises `ListenError`."""
        kinds = (Kind.SMTP, Kind.LMTP, Kind.SUBMISSION, Kind.SUBMISSION)
        for (name, text), kind in zip(_listeners(self._config), kinds, strict=True):
            if text:
                context = self._about.tls if name == "submission.tls_listen" else None
                self.ports[name] = await self._listen(name, text, kind, context)
        self._expiry = asyncio.create_task(self._expire())

    async def _listen(self, name: str, text: str, kind: Kind, context: ssl.SSLContext | None) -> int:
        host, port = parse_listen(name, text)
        try:
            server = await asyncio.get_running_loop().create_server(
                lambda: Wire(lambda wire: self._begin(wire, kind)),
                host,
                port,
                ssl=context,
                ssl_handshake_timeout=self._config.timeouts.tls if context is not None else None,
                backlog=BACKLOG,
            )
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            hint = (
                "; stop the other program, or choose another port" if error.errno == errno.EADDRINUSE else ""
            )
            raise ListenError(f"{name}: cannot listen on {text}: {reason}{hint}") from None
        self._servers.append(server)
        address = server.sockets[0].getsockname()
        return int(address[1])

    def _begin(self, wire: Wire, kind: Kind) -> None:
        if len(self._sessions) >= self._config.max_connections:
            with contextlib.suppress(ConnectionError):
                wire.write(TOO_MANY.encode())
            wire.close()
            return
        session = Session(wire, kind, self._about)
        task = asyncio.create_task(session.run())
        self._sessions[task] = session
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._sessions[task]
        if not task.cancelled() and task.exception() is not None:
            _log.error("a session ended by %s", type(task.exception()).__name__)

    async def _expire(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._outcomes.expire, now=int(time.time()))
            except sqlite3.Error as error:
                _log.error("outcomes cannot be cleaned up: %s", type(error).__name__)
            await asyncio.sleep(EXPIRE_EVERY)

    async def close(self) -> None:
        """Take no new connections, let transactions end, and stop the workers."""
        for server in self._servers:
            server.close()
        for session in self._sessions.values():
            session.stop()
        tasks = set(self._sessions)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._expiry is not None:
            self._expiry.cancel()
            await asyncio.gather(self._expiry, return_exceptions=True)
        await self._rewriter.close()
        self._outcomes.close()
