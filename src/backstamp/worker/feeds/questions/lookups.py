"""Questions about single URLs: whole hashes below a prefix, and domains in DNS lists. Never at a click."""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from backstamp.threats.answers import PREFIX_BYTES, Answers
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.keeping.copies import ListStore
from backstamp.worker.feeds.lists.source import HASHED
from backstamp.worker.feeds.providers.dns_lists.asking import DnsResolver
from backstamp.worker.feeds.questions.answer_book import AnswerBook, longest
from backstamp.worker.feeds.questions.domains import DnsQuestions
from backstamp.worker.feeds.questions.prefixes import PrefixQuestions
from backstamp.worker.feeds.questions.resting import Resting
from backstamp.worker.parts.running import wait

PRUNE_SECONDS: Final = 60.0
WANTED_SECONDS: Final = 3 * 86_400.0
"""So long after it was wanted last, a prefix is asked about again when the lists change."""


class Lookups:
    """Asks, remembers for as long as an answer holds, and publishes that for whoever looks up a URL."""

    def __init__(self, config: FeedsConfig) -> None:
        self._book = AnswerBook(config)
        self._sources = tuple(source for source in config.sources if source.form in HASHED)
        self._directory = config.directory
        resting = Resting(config.directory)
        addresses = DnsResolver(config.resolver).addresses
        self._prefixes = PrefixQuestions(self._sources, self._book, resting)
        self._domains = DnsQuestions(config.dns_lists, addresses, self._book, resting)
        self._wanted: dict[bytes, float] = {}

    @property
    def answers(self) -> Answers:
        """All answers that are known."""
        return self._book.answers

    async def resolve(self, prefixes: Iterable[bytes]) -> None:
        """Ask what is dangerous below prefixes that URLs of mail hit, and publish it.

        Only the first 4 bytes of each are told anybody. A publisher that cannot be asked leaves them open:
        it is asked again when somebody wants to know.

        Args:
            prefixes: of hashes, or whole ones.

        Raises:
            OSError: the answers cannot be published.
        """
        wanted = {prefix[:PREFIX_BYTES] for prefix in prefixes}
        self._wanted |= dict.fromkeys(wanted, time.time())
        await self._prefixes.ask(wanted)
        await self._book.publish()

    async def ask_about(self, hosts: Iterable[str]) -> None:
        """Ask the DNS lists about the hosts of mail's links, and publish what is listed.

        Asked is about registrable domains, never about addresses and well-known hosts; and in one call about
        a hundred at most.

        Args:
            hosts: host names of URLs (`WebUrl.host`).

        Raises:
            OSError: the answers cannot be published.
        """
        await self._domains.ask(hosts)
        await self._book.publish()

    async def run(self, stop: asyncio.Event) -> None:
        """Forget what does not hold any more, and ask again about what was wanted when lists have changed.

        Where each prefix is a question that costs money, only somebody's wish to know is worth it.

        Raises:
            OSError: the answers cannot be published.
        """
        changed = self._changed()
        while not await wait(stop, PRUNE_SECONDS):
            self._prune()
            await self._book.publish()
            if (now_changed := self._changed()) != changed:
                changed = now_changed
                if self._prefixes.are_cheap:
                    await self.resolve(list(self._wanted))

    def _changed(self) -> tuple[float, ...]:
        """Return when the lists of prefixes were changed last."""
        return tuple(ListStore(self._directory, source.name).state().changed_at for source in self._sources)

    def _prune(self) -> None:
        self._book.prune()
        self._domains.prune()
        since = time.time() - WANTED_SECONDS
        self._wanted = longest({each: at for each, at in self._wanted.items() if at > since}, float)
