"""The capture mailbox as a whole: its listener before its store."""

import asyncio
import logging

from django.db import Error as DatabaseError

from backstamp.worker.capture.store import CaptureStore, MailTooLargeError
from backstamp.worker.config import WorkerConfig
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.troubles import described
from backstamp.worker.reception.listener import Listener

log = logging.getLogger("backstamp.worker")


class CaptureServer:
    """Takes every mail for every address, and keeps it. A `reception.session.Mailbox`."""

    name = "capture mailbox"
    speaks_smtp = False

    def __init__(self, config: WorkerConfig, database: Database) -> None:
        self._listener = Listener(config.capture_listen, self)
        self._database = database
        self._store = CaptureStore(config.capture_dir, config.capture_max_bytes)
        self.max_bytes = self._store.max_bytes

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop` is set. Raises `OSError` where it cannot."""
        await self._database.run(self._store.prepare)
        await self._listener.run(stop)

    def refusal(self, forward_path: str) -> str | None:
        """Refuse nobody."""
        del forward_path
        return None

    async def deliver(self, mail_data: bytes, reverse_path: str, forward_path: str) -> str:
        """Keep a mail, and return the reply."""
        try:
            await self._database.run(self._store.save, mail_data, reverse_path, forward_path)
        except MailTooLargeError:
            return "552 5.3.4 This mail is larger than the whole mailbox may be"
        except (OSError, DatabaseError) as error:
            log.warning("a mail could not be captured: %s", described(error))
            return "451 4.3.0 The mailbox cannot keep it now; try again"
        return "250 2.1.5 Captured"
