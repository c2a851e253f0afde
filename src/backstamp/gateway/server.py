"""server: the listeners, one task for each connection, and an orderly end."""

import asyncio
import contextlib
import logging
import re
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

from backstamp.gateway.checks import check_config
from backstamp.gateway.collector import spare_the_collector
from backstamp.gateway.config import GatewayConfig
from backstamp.gateway.delivering.outcomes import Outcomes
from backstamp.gateway.delivering.return_paths import ReturnPaths
from backstamp.gateway.delivering.suppressions import Suppressions
from backstamp.gateway.delivering.transaction import Transactions
from backstamp.gateway.errors import ListenError, place_of
from backstamp.gateway.milter import MilterListener
from backstamp.gateway.own_hosts import own_hosts
from backstamp.gateway.protection.by_milter import MilterProtection
from backstamp.gateway.protection.protector import Protector
from backstamp.gateway.protocol.mail_data import Budget
from backstamp.gateway.protocol.reply import reply
from backstamp.gateway.protocol.wire import Wire
from backstamp.gateway.relaying import next_hops
from backstamp.gateway.relaying.kept_connections import MOST_KEPT, KeptConnections
from backstamp.gateway.relaying.next_hop import NextHop
from backstamp.gateway.renewal import renewed_tls
from backstamp.gateway.rewriter.pool import RewriterPool
from backstamp.gateway.sessions.client import is_of_ours
from backstamp.gateway.sessions.failed_logins import FailedLogins
from backstamp.gateway.sessions.listeners import Listener, listeners
from backstamp.gateway.sessions.session import Session
from backstamp.gateway.sessions.surroundings import Surroundings
from backstamp.gateway.sessions.tls_door import TlsDoor
from backstamp.gateway.tracking import Tracker
from backstamp.journal import JournalWriter
from backstamp.shared_files import SnapshotFile
from backstamp.tokens import Keyring, TrackingIds

_log = logging.getLogger("backstamp.gateway")

DRAIN_SECONDS: Final = 15.0
"""How long transactions under way may take to end; the supervisor waits for 20 s."""
EXPIRE_EVERY: Final = 3600.0
ANEW_SECONDS: Final = 60.0
"""After so long a chore that ended unforeseen begins anew."""
LARGEST_AT_ONCE: Final = 4
"""So many messages of the largest size fit into memory at once, or correspondingly more small ones."""
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
        spare_the_collector()
        await stop.wait()
    finally:
        await gateway.close()


async def _kept_up(name: str, chore: Callable[[], Awaitable[None]]) -> None:
    """Have a chore go on for as long as the gateway runs; what ends unforeseen is told of and begins anew."""
    while True:
        try:
            await chore()
        except Exception as error:  # noqa: BLE001 - nobody waits for it, so nobody else would tell
            _log.error("%s: internal error %s; it begins anew in a moment", name, place_of(error))
        await asyncio.sleep(ANEW_SECONDS)


def _kept(hop: NextHop | None, *, most: int = MOST_KEPT) -> KeptConnections | None:
    return None if hop is None else KeptConnections(hop, most=most)


def _made_room(sessions: Sequence[Session]) -> bool:
    """Have who submits and has not logged in for longest give way, of the party with most such sessions.

    `sessions`: the oldest first. Return whether there is one. Four addresses kept everybody else out.
    """
    waiting = [each for each in sessions if each.may_give_way]
    if not waiting:
        return False
    ((greediest, _),) = Counter(each.party for each in waiting).most_common(1)
    next(each for each in waiting if each.party == greediest).give_way(TOO_MANY)
    return True


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
        protector = Protector(
            keyring=keyring,
            snapshot=snapshot,
            journal=journal,
            rewriter=self._rewriter,
            options=config.rewriting_options,
            config=config.protection,
        )
        ids = TrackingIds(secrets.randbits)

        def new_tracking_id() -> int:
            return ids.at(time.time())

        self._milter: MilterListener | None = None
        if config.protection.milter is not None:
            examine = MilterProtection(protector, new_tracking_id=new_tracking_id, clock=time.time)
            self._milter = MilterListener(config.protection.milter, examine)
        next_hop = next_hops.next_hop(config)
        self._about = Surroundings(
            config=config,
            transactions=Transactions(
                tracker=tracker,
                protector=protector,
                suppressions=Suppressions(keyring, snapshot),
                return_paths=ReturnPaths(
                    keyring, domain=config.report_domain, owned=config.return_path_domains
                ),
                outcomes=self._outcomes,
                journal=journal,
                hostname=config.hostname,
                next_hop_name=str(next_hop.address),
                new_tracking_id=new_tracking_id,
                clock=time.time,
            ),
            budget=Budget(LARGEST_AT_ONCE * config.max_size),
            tls=renewed_tls(config),
            next_hop=KeptConnections(next_hop),
            # Who logs in there is one person, and nobody else.
            upstream=_kept(next_hops.upstream(config), most=0),
            inside=_kept(next_hops.inside(config)),
            failed_logins=FailedLogins(time.monotonic),
        )
        self._servers: list[asyncio.Server | TlsDoor] = []
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._chores: list[asyncio.Task[None]] = []
        self.ports: dict[str, int] = {}
        """The port of each listener that stands, by the name of its setting."""

    async def start(self) -> None:
        """Open the listeners. Raises `ListenError`."""
        for listener in listeners(self._config):
            self.ports[listener.name] = await self._listen(listener)
        if self._milter is not None:
            await self._milter.start()
            self.ports["protection.milter_listen"] = self._milter.port
        _log.info("listens on %s", ", ".join(self._heard_on()))
        self._chores.append(asyncio.create_task(_kept_up("outcomes", self._expire)))
        if self._about.tls is not None:
            self._chores.append(asyncio.create_task(_kept_up("certificate", self._about.tls.run)))

    def _heard_on(self) -> Iterator[str]:
        """Yield each address on which we listen, with the setting that says so."""
        wanted = [(each.name, each.text) for each in listeners(self._config)]
        if (milter := self._config.protection.milter) is not None:
            wanted.append(("protection.milter_listen", milter.listen))
        for name, text in wanted:
            # Where any port was to be had, the one that is.
            yield f"{re.sub(':0$', f':{self.ports[name]}', text)} ({name})"

    async def _listen(self, listener: Listener) -> int:
        def connected() -> Wire:
            return Wire(lambda wire: self._begin(wire, listener))

        try:
            hosts, port = await own_hosts(listener.name, listener.text)
            if listener.implicit_tls:
                tls = self._about.tls
                assert tls is not None, "where people submit there is a certificate"
                door = TlsDoor(
                    lambda: tls.contexts.people,
                    connected,
                    is_ours=lambda address: is_of_ours(self._config, address),
                    most=self._config.max_connections,
                    seconds=self._config.timeouts.tls,
                )
                self._servers.append(door)
                return await door.open(hosts, port, backlog=BACKLOG)
            loop = asyncio.get_running_loop()
            server = await loop.create_server(connected, hosts, port, backlog=BACKLOG)
        except OSError as error:
            raise ListenError.of(listener.name, listener.text, error) from None
        self._servers.append(server)
        address = server.sockets[0].getsockname()
        return int(address[1])

    def _begin(self, wire: Wire, listener: Listener) -> None:
        session = Session(wire, listener.kind, self._about, receives=listener.receives)
        if self._is_one_too_many(session):
            with contextlib.suppress(ConnectionError):
                wire.write(TOO_MANY.encode())
            wire.close()
            return
        task = asyncio.create_task(session.run())
        self._sessions[task] = session
        task.add_done_callback(self._ended)

    def _is_one_too_many(self, new: Session) -> bool:
        """Whether there is no room for a session.

        Anybody may connect to where people submit: whoever holds all the connections there must not keep an
        MTA out, and no one party has more than a quarter of them (50, as with Postfix). Nor must strangers
        elsewhere keep an MTA out, who have half of the room.
        """
        most = self._config.max_connections
        others = [
            each for each in self._sessions.values() if each.submits == new.submits and not each.gave_way
        ]
        if new.submits:
            same = sum(each.party == new.party for each in others)
            if not new.is_from_ours and same >= max(1, most // 4):
                return True
            return len(others) >= most and not _made_room(others)
        if len(others) >= most:
            return True
        return new.is_stranger and sum(each.is_stranger for each in others) >= max(1, most // 2)

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
        # At the same time: each may take all the seconds there are.
        await asyncio.gather(self._end_sessions(), self._end_milter())
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        for kept in (self._about.next_hop, self._about.upstream, self._about.inside):
            if kept is not None:
                await kept.close()
        await self._rewriter.close()
        self._outcomes.close()

    async def _end_sessions(self) -> None:
        tasks = set(self._sessions)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _end_milter(self) -> None:
        if self._milter is not None:
            await self._milter.close(DRAIN_SECONDS)
