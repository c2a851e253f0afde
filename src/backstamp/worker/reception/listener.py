"""The listener of a mailbox: a Unix socket or a TCP port, and its connections."""

import asyncio
import logging
import socket
from pathlib import Path
from typing import Final

from backstamp.listening import own_addresses
from backstamp.worker.reception.session import Mailbox, Session

log = logging.getLogger("backstamp.worker")

MOST_CONNECTIONS: Final = 100
LAST_WORDS_SECONDS: Final = 5.0
"""So long a transaction that has begun may take when the worker is told to stop."""


class Listener:
    """Serves a mailbox at `listen`: "unix:/absolute/path" or "host:port"."""

    def __init__(self, listen: str, mailbox: Mailbox) -> None:
        self._listen = listen
        self._mailbox = mailbox
        self._sessions: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop` is set. Raises `OSError` where it cannot."""
        self._stop = stop
        server = await self._bind()
        try:
            await stop.wait()
        finally:
            server.close()
            if self._sessions:
                _, late = await asyncio.wait(self._sessions, timeout=LAST_WORDS_SECONDS)
                for session in late:
                    session.cancel()

    async def _bind(self) -> asyncio.Server:
        if not self._listen.startswith("unix:"):
            host, _, port = self._listen.rpartition(":")
            ours = await asyncio.to_thread(own_addresses, host.strip("[]"), int(port))
            return await asyncio.start_server(self._connected, [each.ip for each in ours], int(port))
        bound = await asyncio.to_thread(_bound, Path(self._listen.removeprefix("unix:")))
        return await asyncio.start_unix_server(self._connected, sock=bound)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            if len(self._sessions) > MOST_CONNECTIONS:
                writer.write(b"421 4.3.2 Too many connections\r\n")
                return
            await Session(reader, writer, self._mailbox, self._stop).run()
        except (OSError, EOFError, TimeoutError):
            log.debug("a connection to the %s broke off", self._mailbox.name)
        finally:
            self._sessions.discard(task)
            writer.close()


def _bound(path: Path) -> socket.socket:
    """Return a socket at `path`, where the owner's programs may connect once it listens. Raises OSError."""
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket():  # one of a killed worker; `app.starting.one_worker` sees that none lives
            path.unlink()
        bound.bind(str(path))
        # Whoever may connect may fill the mailbox. Before it listens nobody can.
        path.chmod(0o600)
    except BaseException:
        bound.close()
        raise
    return bound
