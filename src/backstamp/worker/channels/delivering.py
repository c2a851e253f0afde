"""While the worker runs: what waits in the outbox is delivered, each channel in its own time.

At least once: what was on its way when a worker ended is sent again, under the same id. A channel that hangs
keeps nobody else waiting, and a message that a channel does not like none of those behind it.
"""

import asyncio
import logging
import random
from datetime import UTC, datetime
from typing import Final

from django.db import Error as DatabaseError

from backstamp.own_threads import in_own_thread
from backstamp.records.alerting.raising import tell_grown
from backstamp.records.models import Outgoing
from backstamp.records.outbox import entries as outbox
from backstamp.records.wording.notices import Notice, notice_of
from backstamp.worker.channels.destination import Destination
from backstamp.worker.channels.errors import NotDeliveredError
from backstamp.worker.channels.sending import destination_of, send
from backstamp.worker.config import OwnMailConfig
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait
from backstamp.worker.parts.troubles import described

log = logging.getLogger("backstamp.worker")

LOOK_SECONDS: Final = 0.3
GROWN_SECONDS: Final = 15.0
MOST_AT_ONCE: Final = 50


class AlertDelivery:
    """Delivers, one message at a time to each channel."""

    def __init__(
        self, database: Database, own_mail: OwnMailConfig | None, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._database = database
        self._own_mail = own_mail
        self._look_seconds = look_seconds
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver what is due until `stop` is set; a message that is on its way then is finished.

        Raises what the database raises.
        """
        self._stop = stop
        await self._database.run(outbox.recover)
        loop = asyncio.get_running_loop()
        grown_at = loop.time()
        try:
            while not await wait(stop, self._look_seconds):
                if loop.time() >= grown_at:
                    grown_at = loop.time() + GROWN_SECONDS
                    await self._database.run(tell_grown, datetime.now(UTC))
                await self._look()
        finally:
            if self._busy:
                await asyncio.wait(self._busy.values())

    async def _look(self) -> None:
        for channel, task in list(self._busy.items()):
            if task.done():
                del self._busy[channel]
                task.result()
        due = await self._database.run(outbox.due, datetime.now(UTC), list(self._busy), MOST_AT_ONCE)
        by_channel: dict[int, list[Outgoing]] = {}
        for row in due:
            by_channel.setdefault(row.channel_id, []).append(row)
        for channel, rows in by_channel.items():
            self._busy[channel] = asyncio.create_task(self._deliver_all(rows))

    async def _deliver_all(self, rows: list[Outgoing]) -> None:
        """Deliver a channel's messages in their order, until there may be others before them."""
        for row in rows:
            if self._stop.is_set() or await self._deliver(row):
                return

    async def _deliver(self, row: Outgoing) -> bool:
        """Deliver a message; return whether something else is due now: it rests, or is well again."""
        name = row.channel.name
        try:
            notice = await self._database.run(_taken, row)
            if notice is None:
                return False
            await in_own_thread(_sent, destination_of(row.channel, self._own_mail), notice)
        except NotDeliveredError as error:
            failure = await self._database.run(_note_failure, row, error)
            log.warning(
                "channel %r did not take an alert: %s; %s",
                *(name, error, "given up" if failure.given_up else "it is tried again"),
            )
            return failure.rests
        told = {alert.id: alert.count for alert in notice.alerts}
        woken = await self._database.run(outbox.delivered, row, told, datetime.now(UTC))
        log.debug("channel %r was told of %d alerts", name, len(told))
        return woken


def _taken(row: Outgoing) -> Notice | None:
    """Claim a message; return what it says, None where somebody else has it or there is nothing to say.

    Raises what the database raises, and NotDeliveredError.
    """
    if not outbox.claim(row):
        return None
    row.refresh_from_db(fields=["alerts", "left_out"])
    try:
        notice = notice_of(row)
    except DatabaseError:
        raise
    except Exception as error:
        raise _not_made(error) from error
    if notice is None:
        outbox.drop(row)
    return notice


def _sent(destination: Destination, notice: Notice) -> None:
    """Send a notice. Raises NotDeliveredError whatever happens."""
    try:
        send(destination, notice)
    except NotDeliveredError:
        raise
    except Exception as error:
        raise _not_made(error) from error


def _not_made(error: Exception) -> NotDeliveredError:
    """Return what is said of a message at which this program failed: it must not keep others waiting."""
    return NotDeliveredError(f"it could not be made ({described(error)})")


def _note_failure(row: Outgoing, error: NotDeliveredError) -> outbox.Failure:
    failure = outbox.failed(
        row,
        str(error),
        datetime.now(UTC),
        permanent=error.permanent,
        jitter=random.random(),  # noqa: S311 (no secret)
        least=error.retry_after,
    )
    if error.gone:
        outbox.switch_off(row)
        return failure._replace(rests=True)
    return failure
