"""What is dangerous below a prefix: asked of those who publish lists of prefixes."""

import asyncio
import time
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Final

from backstamp.own_threads import in_own_thread
from backstamp.threats.answers import PREFIX_BYTES
from backstamp.worker.feeds.formats.differences import Resolved
from backstamp.worker.feeds.lists.entries import FeedError
from backstamp.worker.feeds.lists.source import Form, Source
from backstamp.worker.feeds.providers import safe_browsing, web_risk
from backstamp.worker.feeds.questions.answer_book import AnswerBook
from backstamp.worker.feeds.questions.resting import Resting
from backstamp.worker.fetching import FetchError

AT_ONCE: Final = 8
LEAST_SECONDS: Final = 60.0
"""An answer that holds for no time at all would be asked for again with each mail; and what was just said to
be dangerous would be clean where our clock is fast."""

Search = Callable[[Source, Iterable[bytes]], Resolved]
_SEARCHES: Final[dict[Form, tuple[Search, int]]] = {
    Form.SAFE_BROWSING: (safe_browsing.search, safe_browsing.MOST_IN_A_SEARCH),
    Form.WEB_RISK: (web_risk.search, web_risk.MOST_IN_A_SEARCH),
}


class PrefixQuestions:
    """Asks all publishers about each prefix; what one of them has not answered stays open."""

    def __init__(self, sources: tuple[Source, ...], book: AnswerBook, resting: Resting) -> None:
        self._sources = sources
        self._book = book
        self._resting = resting
        self._places = asyncio.Semaphore(AT_ONCE)
        self._in_flight: dict[bytes, asyncio.Future[None]] = {}

    @property
    def are_cheap(self) -> bool:
        """Whether many prefixes go in one question; else each is one of its own, and paid for."""
        return all(_SEARCHES[source.form][1] > 1 for source in self._sources)

    async def ask(self, prefixes: Iterable[bytes]) -> None:
        """Ask about those prefixes about which nobody has answered, and which nobody is being asked about."""
        unknown = self._book.unresolved(prefixes)
        if not unknown or not self._sources:
            return
        asked_by_others = {self._in_flight[each] for each in unknown if each in self._in_flight}
        mine = [each for each in unknown if each not in self._in_flight]
        done = asyncio.get_running_loop().create_future()
        self._in_flight |= dict.fromkeys(mine, done)
        try:
            await self._ask_all(mine)
        finally:
            for each in mine:
                del self._in_flight[each]
            done.set_result(None)
        if asked_by_others:
            await asyncio.wait(asked_by_others)

    async def _ask_all(self, prefixes: list[bytes]) -> None:
        until = dict.fromkeys(prefixes, float("inf"))
        for source in self._sources:
            search, most = _SEARCHES[source.form]
            batches = [prefixes[at : at + most] for at in range(0, len(prefixes), most)]
            found = await asyncio.gather(*(self._batch(source, search, batch) for batch in batches))
            for prefix, at in chain.from_iterable(answer.items() for answer in found):
                until[prefix] = min(until[prefix], at)
        for prefix, at in until.items():
            if at:
                self._book.resolved(prefix, at)

    async def _batch(self, source: Source, search: Search, batch: list[bytes]) -> dict[bytes, float]:
        """Return until when the answer about each prefix holds, in seconds since 1970; 0 where there is none.

        That is no longer than what is dangerous below it is known to be: then it is open again, not clean.
        """
        async with self._places:
            if self._resting.rests(source.name) or not self._is_affordable(source):
                return dict.fromkeys(batch, 0.0)
            asked_at = time.time()
            try:
                found = await in_own_thread(search, source, batch)
            except (FetchError, FeedError) as error:
                after = error.retry_after if isinstance(error, FetchError) else 0.0
                self._resting.failed(source.name, str(error), least_seconds=after)
                return dict.fromkeys(batch, 0.0)
        self._resting.answered(source.name)
        holds = dict.fromkeys(batch, max(found.seconds, LEAST_SECONDS))
        for match in found.matches:
            seconds = max(match.seconds, LEAST_SECONDS)
            self._book.dangerous(match.full_hash, match.threat_type, source.name, seconds)
            prefix = match.full_hash[:PREFIX_BYTES]
            holds[prefix] = min(holds.get(prefix, 0.0), seconds)
        return {prefix: asked_at + holds[prefix] for prefix in batch}

    def _is_affordable(self, source: Source) -> bool:
        return not source.questions_a_day or self._resting.may_spend(source.name, source.questions_a_day)
