"""The report mailbox: a mail is read, put to its message, handed on, and recorded, before it is acknowledged.

There is no queue: while the database or the next hop is away, the sending server is asked to come again.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from django.db import Error as DatabaseError

from backstamp.journal import JournalUnavailableError, JournalWriter, RecordTooLargeError
from backstamp.own_threads import in_own_thread
from backstamp.records.reports import matching
from backstamp.records.reports.matching import Finding, Named
from backstamp.records.reports.of_erased import without_erased
from backstamp.tokens import open_return_path
from backstamp.vocabulary import Report
from backstamp.worker.config import ReportMailboxConfig
from backstamp.worker.onward import NotTakenError, hand_on
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait
from backstamp.worker.parts.troubles import described
from backstamp.worker.reception.listener import Listener
from backstamp.worker.report_mailbox.reading import finding_of

log = logging.getLogger("backstamp.worker")

MATCH_AGAIN_SECONDS: Final = 30.0
LOOKS: Final = 6
LOOK_SECONDS: Final = 0.25
"""Ingest looks into the journal ten times a second."""
TAKEN: Final = "250 2.0.0 Taken"
NO_REPORT: Final = "554 5.6.0 This mailbox takes reports only: bounces, receipts, complaints and answers"
AGAIN: Final = "451 4.3.0 It cannot be kept now; try again"


class ReportMailbox:
    """Takes reports at any address. A `reception.session.Mailbox`."""

    name = "report mailbox"
    speaks_smtp = True

    def __init__(self, config: ReportMailboxConfig, database: Database, caught_up: asyncio.Event) -> None:
        """`caught_up` is set while the journal is ingested to its end."""
        self._config = config
        self._caught_up = caught_up
        self._database = database
        self._keyring = config.keyring
        self._opened: JournalWriter | None = None
        self.max_bytes = config.max_bytes

    async def run(self, stop: asyncio.Event) -> None:
        """Listen, if it is to, until `stop` is set. Raises `OSError`."""
        if self._config.listen:
            await Listener(self._config.listen, self).run(stop)
        else:
            await stop.wait()

    def close(self) -> None:
        """Close the journal."""
        if self._opened is not None:
            self._opened.close()

    def refusal(self, forward_path: str) -> str | None:
        """Refuse what was made up at the domain whose addresses we seal."""
        local_part, _, domain = forward_path.rpartition("@")
        if domain.lower() != self._config.domain or not local_part.lower().startswith("b-"):
            return None
        return None if self._sealed(forward_path) else "550 5.1.1 There is no such return path"

    async def deliver(self, mail_data: bytes, reverse_path: str, forward_path: str) -> str:
        """Take one mail, and return the reply; positive once it is recorded and handed on."""
        del reverse_path  # the null path for most, and nothing to go by for the rest
        try:
            return await self._taken(mail_data, self._sealed(forward_path))
        except NotTakenError as error:
            log.warning("a report could not be handed on: %s", error)
        except (DatabaseError, OSError, JournalUnavailableError, RecordTooLargeError) as error:
            log.warning("a report could not be kept: %s", described(error))
        except Exception:
            # One mail must not end the look at a mailbox in which others wait.
            log.exception("a report met a fault of ours")
        return AGAIN

    async def _taken(self, mail_data: bytes, sealed: Named | None) -> str:
        """Take one mail, and return the reply. Raises whatever keeps it from being taken."""
        at_us = time.time_ns() // 1000
        finding = await asyncio.to_thread(
            finding_of, mail_data, at_us=at_us, sealed=sealed, ring=self._keyring()
        )
        if finding is None and sealed is None:
            return NO_REPORT
        if finding is not None and sealed is None:
            finding = await self._database.run(without_erased, finding, self._keyring())
        records = [] if finding is None else await self._database.run(matching.match, finding)
        if sealed is not None:
            await self._forward(sealed, mail_data, at_us)
        if records is None:
            assert finding is not None
            await self._database.run(matching.keep, finding)
        await self._write(records or ())
        return TAKEN

    async def _forward(self, sealed: Named, mail_data: bytes, at_us: int) -> None:
        """Give the report to the reverse path that the sender had given. Raises `NotTakenError`."""
        hop = self._config.next_hop
        if hop is None:
            return
        address = await self._reverse_path(sealed.tracking_id)
        if not address or address.rpartition("@")[2].lower() == self._config.domain:
            return
        at = format_datetime(datetime.fromtimestamp(at_us / 1_000_000, UTC))
        traced = f"Received: by {hop.hostname} (Backstamp report mailbox); {at}\r\n".encode() + mail_data
        try:
            await in_own_thread(hand_on, hop, "", address, traced)
        except NotTakenError as error:
            if not error.permanent:
                raise
            # A report of a report does not exist (RFC 5321 §6.1); the timeline has it all the same.
            log.warning("the next hop refuses a report for the sender: %s", error)

    async def _reverse_path(self, tracking_id: int) -> str:
        """Return the reverse path that the sender had given, or "". Raises `NotTakenError`.

        A bounce may be quicker than ingest; of a message that is deleted by now nothing is known any more.
        """
        for _ in range(LOOKS):
            known = await self._database.run(matching.reverse_path_of, tracking_id)
            if known is not None:
                return known
            await asyncio.sleep(LOOK_SECONDS)
        if not self._caught_up.is_set():
            raise NotTakenError("its message may not be ingested yet", permanent=False)
        return ""

    def _sealed(self, forward_path: str) -> Named | None:
        local_part, _, domain = forward_path.rpartition("@")
        if domain.lower() != self._config.domain:
            return None
        opened = open_return_path(self._keyring(), local_part)
        return None if opened is None else Named(opened.tracking_id, opened.recipient_index)

    async def _write(self, records: Iterable[Report]) -> None:
        """Put records on the disk. Raises as `JournalWriter.append_synced`."""
        for record in records:
            if self._opened is None:
                self._opened = await asyncio.to_thread(self._config.journal)
            await asyncio.to_thread(self._opened.append_synced, record)

    async def match_again(self, stop: asyncio.Event) -> None:
        """Every so often try what could not be matched, until `stop` is set."""
        while not await wait(stop, MATCH_AGAIN_SECONDS):
            try:
                await self._try_kept()
            except (DatabaseError, OSError, JournalUnavailableError) as error:
                log.debug("reports could not be matched again: %s", described(error))

    async def _try_kept(self) -> None:
        kept: list[tuple[int, Finding]] = await self._database.run(matching.kept, datetime.now(UTC))
        for pk, finding in kept:
            records = await self._database.run(matching.match, finding)
            if records is None:
                continue
            await self._write(records)
            await self._database.run(matching.forget, pk)
