"""listener: the socket that MTAs connect to, its permissions, and an orderly end."""

import asyncio
import contextlib
import errno
import grp
import os
import socket
import stat
from pathlib import Path
from typing import Final

from backstamp.gateway.errors import ConfigError, ListenError
from backstamp.gateway.milter.config import MilterConfig, socket_path
from backstamp.gateway.milter.connection import Connection, Surroundings
from backstamp.gateway.milter.message import Examiner
from backstamp.gateway.own_hosts import own_hosts
from backstamp.gateway.protocol.mail_data import Budget

BACKLOG: Final = 200
RECEIVE_OCTETS: Final = 256 * 1024
TICK_SECONDS: Final = 1.0


def check_milter_config(config: MilterConfig) -> None:
    """Raise `ConfigError` for the first thing that is wrong with a configuration; opens nothing."""
    path = socket_path(config.listen)
    if path is not None and not path.parent.is_dir():
        raise ConfigError(f"protection.milter_listen: there is no directory {path.parent}; make it")
    _group(config.socket_group)


class MilterListener:
    """The milter of one process."""

    def __init__(self, config: MilterConfig, examine: Examiner) -> None:
        """Check the configuration; opens nothing. Raises `ConfigError`."""
        check_milter_config(config)
        self._config = config
        self._connections: set[Connection] = set()
        self._about = Surroundings(
            config=config,
            examine=examine,
            budget=Budget(max(config.memory, config.max_size)),
            connections=self._connections,
            buffer=bytearray(RECEIVE_OCTETS),
        )
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._inode: tuple[int, int] | None = None
        self.port = 0
        """The TCP port, where there is one."""

    async def start(self) -> None:
        """Listen. Raises `ListenError`."""
        loop = asyncio.get_running_loop()
        path = socket_path(self._config.listen)
        try:
            if path is not None:
                bound = await asyncio.to_thread(self._bind, path)
                self._server = await loop.create_unix_server(self._connection, sock=bound, backlog=BACKLOG)
            else:
                hosts, port = await own_hosts("protection.milter_listen", self._config.listen)
                self._server = await loop.create_server(self._connection, hosts, port, backlog=BACKLOG)
                self.port = self._server.sockets[0].getsockname()[1]
        except OSError as error:
            listen = self._config.listen
            if path is None:
                raise ListenError.of("protection.milter_listen", listen, error) from None
            raise ListenError(
                f"protection.milter_listen: cannot listen on {listen}: {_why_no_socket(error)}"
            ) from None
        self._timer = loop.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in tuple(self._connections):
            connection.tick(now)
        self._timer = loop.call_later(TICK_SECONDS, self._tick)

    def _connection(self) -> Connection:
        return Connection(self._about)

    def _bind(self, path: Path) -> socket.socket:
        _remove_dead(path)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Nobody can connect before it listens, and it does when its group and mode are right.
            bound.bind(str(path))
            if self._config.socket_group:
                os.chown(path, -1, _group(self._config.socket_group))
            path.chmod(0o660)
            about = path.stat()
            self._inode = (about.st_dev, about.st_ino)
        except BaseException:
            bound.close()
            raise
        return bound

    async def close(self, drain_seconds: float) -> None:
        """Take no new connections, let messages come to their end for so long, and close."""
        if self._server is not None:
            self._server.close()
        path = socket_path(self._config.listen)
        if path is not None:
            await asyncio.to_thread(self._unlink, path)
        connections = set(self._connections)
        for connection in connections:
            connection.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_seconds):
                for connection in connections:
                    await connection.ended.wait()
        for connection in connections:
            connection.abort()
        for connection in connections:
            await connection.ended.wait()
        if self._timer is not None:
            self._timer.cancel()

    def _unlink(self, path: Path) -> None:
        """Take our socket away, but not one that another process has put there since."""
        with contextlib.suppress(OSError):
            about = path.stat()
            if (about.st_dev, about.st_ino) == self._inode:
                path.unlink()


def _remove_dead(path: Path) -> None:
    """Take away a socket that nobody listens on any more. Raises `OSError` where somebody does."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise OSError(errno.EEXIST, "exists")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except TimeoutError:
            pass
    raise OSError(errno.EADDRINUSE, "in use")


def _group(name: str) -> int:
    if not name:
        return -1
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ConfigError(
            f"protection.milter_group: there is no group {name!r}; write for example postfix"
        ) from None


def _why_no_socket(error: OSError) -> str:
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno == errno.EADDRINUSE:
        return f"{reason}; stop the other program, or choose another address"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{reason}; let our user write in its folder, and be of protection.milter_group"
    return reason
