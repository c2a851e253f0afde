"""Links of received mail, and those that somebody waits for at a click: their publishers are asked about
them.

The gateway and the edge ask nobody. What they write to the journal is heard here once it is ingested:
whatever only the bare prefix of a hash names is resolved, and DNS lists are asked about the hosts. Clicks,
mail and DNS lists each have a turn of their own, so that nobody who waits at a click waits for another.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, NamedTuple

from backstamp.policy import ProtectionMode
from backstamp.shared_files import ThreatFile
from backstamp.urls.layers import layers, within_reach
from backstamp.urls.parsing import web_url
from backstamp.urls.safe_browsing import full_hash, full_hashes
from backstamp.vocabulary import ClickAction, Hit, JournalRecord, Queued
from backstamp.worker.feeds.questions.lookups import Lookups

log = logging.getLogger("backstamp.worker")

MOST_WAITING: Final = 20_000
"""Links; the mail that came first waits longest, and goes first when there is no room. A click asks for its
links again."""
AT_ONCE: Final = 100
MOST_ROUNDS: Final = 200
"""Of hosts that wait for DNS lists, `AT_ONCE` links each; those that came first go first."""
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
        self._clicked: set[LinkOfMessage] = set()
        self._clicks_heard = asyncio.Event()
        self._mails: deque[list[str]] = deque()
        """The links of each."""
        self._mail_heard = asyncio.Event()
        self._hosts: deque[list[str]] = deque(maxlen=MOST_ROUNDS)
        self._hosts_heard = asyncio.Event()

    def hear(self, records: Iterable[JournalRecord]) -> None:
        """Take note of what is to be asked about. Cheap; never raises."""
        for record in records:
            if isinstance(record, Queued) and record.protection not in ("", ProtectionMode.OFF):
                self._mails.append([link.url for link in record.tracked_links])
                self._mail_heard.set()
            elif isinstance(record, Hit) and (waiting := _waiting(record)) is not None:
                self._clicked.add(waiting)
                self._clicks_heard.set()
        too_many = sum(map(len, self._mails)) - MOST_WAITING
        while too_many > 0 and len(self._mails) > 1:
            too_many -= len(self._mails.popleft())

    async def run(self, stop: asyncio.Event) -> None:
        """Ask about what was heard until `stop` is set. Raises what the database raises, and OSError."""
        turns = (stop.wait(), self._ask_about_clicks(), self._ask_about_mail(), self._ask_dns_lists())
        tasks = [asyncio.ensure_future(turn) for turn in turns]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask_about_clicks(self) -> None:
        while await self._clicks_heard.wait():
            while self._clicked:
                clicked, self._clicked = self._clicked, set()
                await self._ask([await self._urls_of(clicked)])
            self._clicks_heard.clear()

    async def _ask_about_mail(self) -> None:
        while await self._mail_heard.wait():
            while self._mails:
                await self._ask(self._next_mails())
            self._mail_heard.clear()

    async def _ask_dns_lists(self) -> None:
        while await self._hosts_heard.wait():
            while self._hosts:
                await self._lookups.ask_about(self._hosts.popleft())
            self._hosts_heard.clear()

    def _next_mails(self) -> list[list[str]]:
        """Take out the mails that wait longest: one, or as many as have `AT_ONCE` links together."""
        mails = [self._mails.popleft()]
        room = AT_ONCE - len(mails[0])
        while self._mails and (room := room - len(self._mails[0])) >= 0:
            mails.append(self._mails.popleft())
        return mails

    async def _ask(self, mails: Iterable[Sequence[str]]) -> None:
        questions = await asyncio.to_thread(self._questions, mails)
        if questions.hosts:
            self._hosts.append(questions.hosts)
            self._hosts_heard.set()
        # Some at a time: between them it is the turn of others, though a mail may have thousands.
        for at in range(0, len(questions.prefixes), AT_ONCE):
            await self._lookups.resolve(questions.prefixes[at : at + AT_ONCE])

    def _questions(self, mails: Iterable[Sequence[str]]) -> _Questions:
        """Return what is to be asked about the links of each mail that are looked up on arrival, too."""
        lists = self._lists.current()
        asked = _Questions([], [])
        for mail in mails:
            urls = [url for text in mail if (url := web_url(text)) is not None]
            for place in within_reach(urls):
                for layer in layers(urls[place]):
                    if place < MOST_IN_DNS:
                        asked.hosts.append(layer.host)
                    if lists is not None:
                        found = lists.look_up_hashes(full_hashes(layer.href))
                        asked.prefixes.extend(full_hash(each.detail) for each in found if not each.confirmed)
        return asked


def _waiting(hit: Hit) -> LinkOfMessage | None:
    """Return the link that somebody waits for, or None."""
    if hit.action is not ClickAction.CHECK or hit.link_number is None:
        return None
    return hit.tracking_id, hit.link_number
