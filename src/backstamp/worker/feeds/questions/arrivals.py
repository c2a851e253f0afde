"""Links of received mail, and those that somebody waits for at a click: their publishers are asked about
them.

The gateway and the edge ask nobody. What they write to the journal is heard here once it is ingested:
whatever only the bare prefix of a hash names is resolved, and DNS lists are asked about the hosts. Clicks
come first.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import islice
from typing import Final, NamedTuple

from backstamp.journal import ThreatFile
from backstamp.policy import ProtectionMode
from backstamp.urls.layers import layers
from backstamp.urls.parsing import web_url
from backstamp.urls.safe_browsing import full_hash, full_hashes
from backstamp.vocabulary import ClickAction, Hit, JournalRecord, Queued
from backstamp.worker.feeds.questions.lookups import Lookups

log = logging.getLogger("backstamp.worker")

MOST_WAITING: Final = 20_000
"""URLs; those that came first wait longest, and go first when there is no room. A click asks for them
again."""
AT_ONCE: Final = 100
MOST_ROUNDS: Final = 200
"""Of hosts that wait for DNS lists, `AT_ONCE` URLs each; those that came first go first."""
MOST_IN_DNS: Final = 100
"""Links of one mail about whose hosts DNS lists are asked: nobody makes us ask until we are refused."""

LinkOfMessage = tuple[int, int]
"""Tracking id, and the link's number."""


class _Questions(NamedTuple):
    prefixes: list[bytes]
    hosts: list[str]


class Arrivals:
    """Hears what was ingested, and has `lookups` ask.

    `urls_of` returns where links lead that are named by message and number.
    """

    def __init__(
        self,
        lookups: Lookups,
        lists: ThreatFile,
        urls_of: Callable[[set[LinkOfMessage]], Awaitable[list[str]]],
    ) -> None:
        self._lookups = lookups
        self._lists = lists
        self._urls_of = urls_of
        self._urls: dict[str, bool] = {}
        """Each with whether DNS lists are asked about its hosts."""
        self._clicked: set[LinkOfMessage] = set()
        self._heard = asyncio.Event()
        self._hosts: deque[list[str]] = deque(maxlen=MOST_ROUNDS)
        self._hosts_heard = asyncio.Event()

    def hear(self, records: Iterable[JournalRecord]) -> None:
        """Take note of what is to be asked about. Cheap; never raises."""
        for record in records:
            if isinstance(record, Queued) and record.protection not in ("", ProtectionMode.OFF):
                for place, link in enumerate(record.tracked_links):
                    self._urls[link.url] = self._urls.get(link.url, False) or place < MOST_IN_DNS
            elif isinstance(record, Hit) and (waiting := _waiting(record)) is not None:
                self._clicked.add(waiting)
        while len(self._urls) > MOST_WAITING:
            del self._urls[next(iter(self._urls))]
        if self._urls or self._clicked:
            self._heard.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Ask about what was heard until `stop` is set. Raises what the database raises, and OSError.

        DNS lists are asked beside the rest: one that answers slowly, or not at all, must not keep a reader
        waiting who waits for the answer about a prefix.
        """
        stopping = asyncio.create_task(stop.wait())
        in_dns = asyncio.create_task(self._ask_dns_lists())
        try:
            while not stop.is_set():
                hearing = asyncio.create_task(self._heard.wait())
                await asyncio.wait((hearing, stopping, in_dns), return_when=asyncio.FIRST_COMPLETED)
                hearing.cancel()
                if in_dns.done():
                    in_dns.result()
                if not stop.is_set():
                    await self._round()
        finally:
            stopping.cancel()
            in_dns.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await in_dns

    async def _ask_dns_lists(self) -> None:
        while True:
            await self._hosts_heard.wait()
            while self._hosts:
                await self._lookups.ask_about(self._hosts.popleft())
            self._hosts_heard.clear()

    async def _round(self) -> None:
        clicked, self._clicked = self._clicked, set()
        urls = dict.fromkeys(await self._urls_of(clicked), True) if clicked else {}
        if not urls:
            urls = dict(islice(self._urls.items(), AT_ONCE))
            for url in urls:
                del self._urls[url]
        if not self._urls and not self._clicked:
            self._heard.clear()
        questions = await asyncio.to_thread(self._questions, urls)
        if questions.hosts:
            self._hosts.append(questions.hosts)
            self._hosts_heard.set()
        await self._lookups.resolve(questions.prefixes)

    def _questions(self, urls: Mapping[str, bool]) -> _Questions:
        lists = self._lists.current()
        prefixes: list[bytes] = []
        hosts: list[str] = []
        for text, in_dns in urls.items():
            url = web_url(text)
            for layer in layers(url) if url is not None else ():
                if in_dns:
                    hosts.append(layer.host)
                if lists is not None:
                    found = lists.look_up_hashes(full_hashes(layer.href))
                    prefixes += [full_hash(finding.detail) for finding in found if not finding.confirmed]
        return _Questions(prefixes, hosts)


def _waiting(hit: Hit) -> LinkOfMessage | None:
    """Return the link that somebody waits for, or None."""
    if hit.action is not ClickAction.CHECK or hit.link_number is None:
        return None
    return hit.tracking_id, hit.link_number
