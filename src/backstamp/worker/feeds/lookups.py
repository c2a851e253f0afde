"""Questions about single URLs: whole hashes below a prefix, and domains in DNS lists. Never at a click."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Final, NamedTuple, TypeVar

from backstamp.journal.answers_file import AnswersFile, publish_answers
from backstamp.threats.answers import PREFIX_BYTES, Answers, Confirmed
from backstamp.urls.domains import registrable_domain
from backstamp.urls.safe_browsing import full_hash, host_expression
from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds import safe_browsing, web_risk
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.differences import Resolved
from backstamp.worker.feeds.dns_lists import DnsList, verdict_of
from backstamp.worker.feeds.dns_lists.asking import DnsAnswer, DnsError, DnsResolver
from backstamp.worker.feeds.entries import FeedError
from backstamp.worker.feeds.first_seen import FirstSeen
from backstamp.worker.feeds.new_entries import Spool
from backstamp.worker.feeds.screening import is_well_known
from backstamp.worker.feeds.sources import HASHED, Form, Source
from backstamp.worker.feeds.standing import today
from backstamp.worker.feeds.store import ListStore
from backstamp.worker.fetching import FetchError
from backstamp.worker.parts import wait

log = logging.getLogger("backstamp.worker")

MOST_ANSWERS: Final = 50_000
"""Kept at once, of each kind; those that would end first go first."""
PRUNE_SECONDS: Final = 60.0
FIRST_PAUSE: Final = 30.0
LONGEST_PAUSE: Final = 3600.0
REFUSED_SECONDS: Final = 3600.0
FAILURES: Final = 3
"""So many questions to a DNS list go unanswered in a row before it is left alone: a packet may get lost."""
MOST_DOMAINS: Final = 100
"""Of one mail: nobody makes us ask a list a thousand questions, which it would refuse us for."""
AT_ONCE: Final = 8
_LEAST_SECONDS: Final = 60.0
"""An answer that holds for no time at all would be asked for again with each mail."""

WANTED_SECONDS: Final = 3 * 86_400.0
"""So long after it was wanted last, a prefix is asked about again when the lists change."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_News = dict[tuple[str, ThreatType], list[bytes]]
Search = Callable[[Source, Iterable[bytes]], Resolved]
_SEARCHES: Final[dict[Form, tuple[Search, int]]] = {
    Form.SAFE_BROWSING: (safe_browsing.search, safe_browsing.MOST_IN_A_SEARCH),
    Form.WEB_RISK: (web_risk.search, web_risk.MOST_IN_A_SEARCH),
}


class _Standing(NamedTuple):
    """That a publisher is not to be asked until then, and the pause after that one."""

    until: float
    pause: float


class Lookups:
    """Asks, remembers for as long as an answer holds, and publishes that for whoever looks up a URL."""

    def __init__(
        self,
        config: FeedsConfig,
        *,
        ask: Callable[[str], Awaitable[DnsAnswer]] | None = None,
    ) -> None:
        self._path = config.answers_path
        self._sources = tuple(source for source in config.sources if source.form in HASHED)
        self._dns_lists = config.dns_lists
        self._directory = config.directory
        self._spool = Spool(config.directory)
        self._first_seen = FirstSeen(config.directory / "first-seen")
        self._news: _News = {}
        self._ask = ask or DnsResolver(config.resolver).addresses
        known = AnswersFile(self._path).answers()
        self._dangerous = dict(known.dangerous)
        self._prefixes = dict(known.prefixes)
        self._domains: dict[str, float] = {}
        self._wanted: dict[bytes, float] = {}
        self._resting: dict[str, _Standing] = {}
        self._unanswered: dict[str, int] = {}
        self._spent: dict[str, tuple[int, int]] = {}
        self._searches = asyncio.Semaphore(AT_ONCE)
        self._in_flight: dict[bytes, asyncio.Future[None]] = {}
        self._publishing = asyncio.Lock()
        self._dirty = False

    @property
    def answers(self) -> Answers:
        """All answers that are known."""
        return Answers(dict(self._dangerous), dict(self._prefixes))

    async def resolve(self, prefixes: Iterable[bytes]) -> None:
        """Ask what is dangerous below prefixes that URLs of mail hit, and publish it.

        Only the first 4 bytes of each are told anybody. A publisher that cannot be asked leaves them open:
        it is asked again when somebody wants to know.

        Args:
            prefixes: of hashes, or whole ones.

        Raises:
            OSError: the answers cannot be published.
        """
        now = time.time()
        wanted = {prefix[:PREFIX_BYTES] for prefix in prefixes}
        self._wanted |= dict.fromkeys(wanted, now)
        unknown = [each for each in sorted(wanted) if self._prefixes.get(each, 0) <= now * 1e6]
        if not unknown or not self._sources:
            return
        asked_by_others = {self._in_flight[each] for each in unknown if each in self._in_flight}
        mine = [each for each in unknown if each not in self._in_flight]
        done = asyncio.get_running_loop().create_future()
        self._in_flight |= dict.fromkeys(mine, done)
        try:
            await self._resolve(mine)
        finally:
            for each in mine:
                del self._in_flight[each]
            done.set_result(None)
        if asked_by_others:
            await asyncio.wait(asked_by_others)
        await self._publish()

    async def ask_about(self, hosts: Iterable[str]) -> None:
        """Ask the DNS lists about the hosts of mail's links, and publish what is listed.

        Asked is about registrable domains, never about addresses and well-known hosts; and in one call about
        `MOST_DOMAINS` at most.

        Args:
            hosts: host names of URLs (`WebUrl.host`).

        Raises:
            OSError: the answers cannot be published.
        """
        now = time.time()
        domains = {domain for host in hosts if (domain := registrable_domain(host)) is not None}
        unknown = [each for each in sorted(domains) if self._domains.get(each, 0) <= now]
        wanted = [each for each in unknown if not is_well_known(each)][:MOST_DOMAINS]
        if self._dns_lists and wanted:
            await asyncio.gather(*(self._domain(domain) for domain in wanted))
            await self._publish()

    async def run(self, stop: asyncio.Event) -> None:
        """Forget what does not hold any more, and ask again about what was wanted when lists have changed.

        Raises OSError where the answers cannot be published.
        """
        changed = self._changed()
        # Where each prefix is a question of its own, and paid for, only people's wish to know is worth it.
        renews = all(_SEARCHES[source.form][1] > 1 for source in self._sources)
        while not await wait(stop, PRUNE_SECONDS):
            self._prune()
            await self._publish()
            if (now_changed := self._changed()) != changed:
                changed = now_changed
                if renews:
                    await self.resolve(list(self._wanted))

    async def _resolve(self, prefixes: list[bytes]) -> None:
        """Ask all publishers; what one of them has not answered stays open."""
        holds = dict.fromkeys(prefixes, float("inf"))
        for source in self._sources:
            for prefix, seconds in (await self._search(source, prefixes)).items():
                holds[prefix] = min(holds[prefix], seconds)
        now = time.time()
        for prefix, seconds in holds.items():
            if seconds:
                self._prefixes[prefix] = int((now + seconds) * 1e6)
                self._dirty = True

    async def _search(self, source: Source, prefixes: list[bytes]) -> dict[bytes, float]:
        """Return for how long the answer about each prefix holds; 0 where there is none."""
        search, most = _SEARCHES[source.form]
        batches = [prefixes[at : at + most] for at in range(0, len(prefixes), most)]
        found = await asyncio.gather(*(self._batch(source, search, batch) for batch in batches))
        return {prefix: seconds for batch, seconds in zip(batches, found, strict=True) for prefix in batch}

    async def _batch(self, source: Source, search: Search, batch: list[bytes]) -> float:
        async with self._searches:
            if self._rests(source.name) or not self._may_spend(source):
                return 0.0
            try:
                resolved = await asyncio.to_thread(search, source, batch)
            except (FetchError, FeedError) as error:
                after = error.retry_after if isinstance(error, FetchError) else 0.0
                self._let_rest(source.name, after, str(error))
                return 0.0
        self._resting.pop(source.name, None)
        now = time.time()
        for match in resolved.matches:
            self._note(match.full_hash, match.threat_type, source.name, now + match.seconds)
        return max(resolved.seconds, _LEAST_SECONDS)

    async def _domain(self, domain: str) -> None:
        expression = host_expression(domain)
        if expression is None:
            return
        holds: list[float] = []
        for dns_list in self._dns_lists:
            answer = await self._dns_answer(dns_list, domain)
            if answer is None:
                continue
            verdict = verdict_of(dns_list.form, answer.addresses)
            if verdict.refused:
                self._let_rest(dns_list.name, REFUSED_SECONDS, "it refuses to answer: see its terms")
                continue
            holds.append(answer.seconds)
            for threat_type in verdict.threat_types:
                self._note(full_hash(expression), threat_type, dns_list.name, time.time() + answer.seconds)
        if holds:
            self._domains[domain] = time.time() + min(holds)

    async def _dns_answer(self, dns_list: DnsList, domain: str) -> DnsAnswer | None:
        async with self._searches:
            if self._rests(dns_list.name):
                return None
            try:
                answer = await self._ask(f"{domain}.{dns_list.zone}.")
            except DnsError as error:
                self._unanswered[dns_list.name] = self._unanswered.get(dns_list.name, 0) + 1
                if self._unanswered[dns_list.name] >= FAILURES:
                    self._let_rest(dns_list.name, 0.0, str(error))
                return None
        self._unanswered.pop(dns_list.name, None)
        self._resting.pop(dns_list.name, None)
        return answer

    def _note(self, whole: bytes, threat_type: ThreatType, source: str, until: float) -> None:
        now_us = time.time_ns() // 1000
        since_us, is_new = self._first_seen.note(whole, source, threat_type, now_us)
        if is_new:
            self._news.setdefault((source, threat_type), []).append(whole)
        others = tuple(
            each
            for each in self._dangerous.get(whole, ())
            if (each.source, each.threat_type) != (source, threat_type)
        )
        self._dangerous[whole] = (*others, Confirmed(threat_type, source, since_us, int(until * 1e6)))
        self._dirty = True

    def _may_spend(self, source: Source) -> bool:
        """Count a question, and return whether it may be asked."""
        if not source.questions_a_day:
            return True
        day, count = self._spent.get(source.name, (0, 0))
        count = count + 1 if day == today() else 1
        self._spent[source.name] = today(), count
        if count == source.questions_a_day + 1:
            log.warning("%s has had its %d questions of today", source.name, source.questions_a_day)
        return count <= source.questions_a_day

    def _rests(self, name: str) -> bool:
        standing = self._resting.get(name)
        return standing is not None and standing.until > time.time()

    def _let_rest(self, name: str, least: float, why: str) -> None:
        before = self._resting.get(name)
        if before is not None and before.until > time.time():
            return  # another question failed meanwhile, too
        pause = FIRST_PAUSE if before is None else min(2 * before.pause, LONGEST_PAUSE)
        log.warning("%s is not asked for %.0f s: %s", name, max(pause, least), why)
        self._resting[name] = _Standing(time.time() + max(pause, least), pause)

    def _changed(self) -> tuple[float, ...]:
        """Return when the lists of prefixes were changed last."""
        return tuple(ListStore(self._directory, source.name).state().changed_at for source in self._sources)

    def _prune(self) -> None:
        now = time.time()
        now_us = now * 1e6
        dangerous = {
            whole: kept
            for whole, answers in self._dangerous.items()
            if (kept := tuple(each for each in answers if each.until_us > now_us))
        }
        prefixes = {prefix: until for prefix, until in self._prefixes.items() if until > now_us}
        self._dirty = self._dirty or len(prefixes) != len(self._prefixes) or dangerous != self._dangerous
        self._dangerous = _longest(dangerous, lambda answers: max(each.until_us for each in answers))
        self._prefixes = _longest(prefixes, float)
        self._domains = _longest({each: at for each, at in self._domains.items() if at > now}, float)
        self._wanted = _longest(
            {each: at for each, at in self._wanted.items() if at > now - WANTED_SECONDS}, float
        )

    async def _publish(self) -> None:
        """Write the answers, once for all who wait for it."""
        async with self._publishing:
            if self._dirty:
                self._dirty = False
                news, self._news = self._news, {}
                seen = self._first_seen.to_write(time.time_ns() // 1000)
                await asyncio.to_thread(self._write, self.answers, news, seen)

    def _write(self, answers: Answers, news: _News, seen: bytes | None) -> None:
        publish_answers(self._path, answers)
        for (source, threat_type), hashes in news.items():
            self._spool.add_hashes(source, threat_type, today(), hashes)
        if seen is not None:
            self._first_seen.write(seen)


def _longest(answers: dict[K, V], until: Callable[[V], float]) -> dict[K, V]:
    """Return at most `MOST_ANSWERS` of them: those that hold longest."""
    if len(answers) <= MOST_ANSWERS:
        return answers
    kept = sorted(answers, key=lambda key: until(answers[key]), reverse=True)[:MOST_ANSWERS]
    return {key: answers[key] for key in kept}
