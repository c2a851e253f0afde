"""Look up the names of addresses, where the policy keeps addresses: beside ingest, never on its way.

A name counts only when it leads back to the address. The system's own resolver is asked, a few at a time.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

from backstamp.records.events.stored_hits import Pair
from backstamp.records.ingest.settle import LATEST_ERASURE, WINDOW
from backstamp.records.memory.reverse_names import forget_names, keep, recipients_of, unknown_addresses
from backstamp.verdicts.networks import network_of_ptr
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait

INTERVAL_SECONDS: Final = 5.0
AT_ONCE: Final = 8
MOST_IN_A_ROUND: Final = 200
LOOK_UP_SECONDS: Final = 10.0
"""An answer after this time is not waited for: that address then has no name."""


class ReverseLookups:
    """Finds names; `judge_again` hears whose hits have to be judged by what was found."""

    def __init__(
        self,
        database: Database,
        judge_again: Callable[[set[Pair]], None],
        look_up: Callable[[str], str] | None = None,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._database = database
        self._judge_again = judge_again
        self._look_up = look_up or confirmed_name
        self._interval = interval

    async def run(self, stop: asyncio.Event) -> None:
        """Look up what is new every few seconds until `stop` is set."""
        executor = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="names")
        try:
            while not await wait(stop, self._interval):
                await self._round(executor)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    async def _round(self, executor: ThreadPoolExecutor) -> None:
        now = datetime.now(UTC)
        since = now - WINDOW
        await self._database.run(forget_names, now - LATEST_ERASURE)
        addresses = await self._database.run(unknown_addresses, since, MOST_IN_A_ROUND)
        if not addresses:
            return
        found = await asyncio.gather(*(self._name(executor, address) for address in addresses))
        names = dict(zip(addresses, found, strict=True))
        await self._database.run(keep, names, now)
        telling = [address for address, name in names.items() if name and network_of_ptr(name) is not None]
        if telling:
            self._judge_again(await self._database.run(recipients_of, telling, since))

    async def _name(self, executor: ThreadPoolExecutor, address: str) -> str:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                return await loop.run_in_executor(executor, self._look_up, address)
        except TimeoutError:
            return ""


def confirmed_name(address: str) -> str:
    """Return the name of an address if that name leads back to it, else ""."""
    try:
        wanted = ipaddress.ip_address(address)
        name = socket.getnameinfo((address, 0), socket.NI_NAMEREQD)[0]
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        leads_back = any(ipaddress.ip_address(str(answer[4][0])) == wanted for answer in answers)
    except (OSError, ValueError, UnicodeError):
        return ""
    return name.rstrip(".").lower() if leads_back else ""
