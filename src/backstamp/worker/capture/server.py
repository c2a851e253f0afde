"""The capture mailbox's listener: LMTP on a Unix socket or a TCP port."""

import asyncio
import logging
from pathlib import Path
from typing import Final

from django.db import Error as DatabaseError

from backstamp.worker.capture.session import Session
from backstamp.worker.capture.store import CaptureStore, MailTooLargeError
from backstamp.worker.config import WorkerConfig
from backstamp.worker.database import Database
from backstamp.worker.parts import described

log = logging.getLogger("backstamp.worker")

MOST_CONNECTIONS: Final = 100
LAST_WORDS_SECONDS: Final = 5.0
"""So long a transaction that has begun may take when the worker is told to stop."""


class CaptureServer:
    """Takes every mail for every address, and keeps it."""

    def __init__(self, config: WorkerConfig, database: Database) -> None:
        self._listen = config.capture_listen
        self._database = database
        self._store = CaptureStore(config.capture_dir, config.capture_max_bytes)
        self._sessions: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop` is set. Raises `OSError` where it cannot."""
        await self._database.run(self._store.prepare)
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
            return await asyncio.start_server(self._connected, host.strip("[]"), int(port))
        path = Path(self._listen.removeprefix("unix:"))
        server = await asyncio.start_unix_server(self._connected, path)
        # Whoever may connect may fill the mailbox: only the owner's programs.
        await self._database.run(path.chmod, 0o600)
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            if len(self._sessions) > MOST_CONNECTIONS:
                writer.write(b"421 4.3.2 Too many connections\r\n")
                return
            session = Session(
                reader, writer, deliver=self._deliver, max_bytes=self._store.max_bytes, stop=self._stop
            )
            await session.run()
        except (OSError, EOFError, TimeoutError):
            log.debug("a connection to the capture mailbox broke off")
        finally:
            self._sessions.discard(task)
            writer.close()

    async def _deliver(self, mail_data: bytes, reverse_path: str, forward_path: str) -> str:
        try:
            await self._database.run(self._store.save, mail_data, reverse_path, forward_path)
        except MailTooLargeError:
            return "552 5.3.4 This mail is larger than the whole mailbox may be"
        except (OSError, DatabaseError) as error:
            log.warning("a mail could not be captured: %s", described(error))
            return "451 4.3.0 The mailbox cannot keep it now; try again"
        return "250 2.1.5 Captured"
