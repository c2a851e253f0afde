"""Domains of mail's links, asked about in DNS lists."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from backstamp.urls.domains import registrable_domain
from backstamp.urls.safe_browsing import full_hash, host_expression
from backstamp.worker.feeds.providers.dns_lists import DnsList, Trouble, verdict_of
from backstamp.worker.feeds.providers.dns_lists.asking import DnsAnswer, DnsError
from backstamp.worker.feeds.questions.answer_book import AnswerBook, longest
from backstamp.worker.feeds.questions.resting import Resting
from backstamp.worker.feeds.screening.screen import is_well_known

MOST_DOMAINS: Final = 100
"""In one go: no link with a long chain of redirectors makes us ask more."""
AT_ONCE: Final = 8
REFUSED_SECONDS: Final = 3600.0
FAILURES: Final = 3
"""So many questions go unanswered in a row before a list is left alone: a packet may get lost."""


class DnsQuestions:
    """Asks all lists about each domain; `addresses` is how (`DnsResolver.addresses`)."""

    def __init__(
        self,
        lists: tuple[DnsList, ...],
        addresses: Callable[[str], Awaitable[DnsAnswer]],
        book: AnswerBook,
        resting: Resting,
    ) -> None:
        self._lists = lists
        self._addresses = addresses
        self._book = book
        self._resting = resting
        self._places = asyncio.Semaphore(AT_ONCE)
        self._known_until: dict[tuple[str, str], float] = {}
        """By list and domain: what one does not answer is not known because another does."""
        self._choosy_at: dict[str, float] = {}
        """When the last question began that showed that a list does not list everything."""
        self._checks = {each.name: asyncio.Lock() for each in lists}

    async def ask(self, hosts: Iterable[str]) -> None:
        """Ask about the registrable domains of hosts; at most `MOST_DOMAINS`, and no well-known ones."""
        domains = {domain for host in hosts if (domain := registrable_domain(host)) is not None}
        unknown = [each for each in sorted(domains) if any(self._is_open(one, each) for one in self._lists)]
        wanted = [each for each in unknown if not is_well_known(each)][:MOST_DOMAINS]
        await asyncio.gather(*(self._domain(domain) for domain in wanted))

    def prune(self) -> None:
        """Forget which domains are known for no longer."""
        now = time.monotonic()
        known = {domain: until for domain, until in self._known_until.items() if until > now}
        self._known_until = longest(known, float)

    def _is_open(self, dns_list: DnsList, domain: str) -> bool:
        """Whether a list may be asked about a domain, and was not, or so long ago that it does not count."""
        known_until = self._known_until.get((dns_list.name, domain), 0.0)
        return known_until <= time.monotonic() and not self._resting.rests(dns_list.name)

    async def _domain(self, domain: str) -> None:
        expression = host_expression(domain)
        if expression is None:
            return
        for dns_list in self._lists:
            if not self._is_open(dns_list, domain):
                continue
            answer = await self._answer(dns_list, f"{domain}.{dns_list.zone}.")
            if answer is None:
                continue
            verdict = verdict_of(dns_list.form, answer.addresses)
            if verdict.trouble is not None:
                self._leave_alone(dns_list, verdict.trouble)
                continue
            if verdict.threat_types and not await self._is_choosy(dns_list, time.monotonic()):
                continue
            self._resting.answered(dns_list.name)
            self._known_until[dns_list.name, domain] = time.monotonic() + answer.seconds
            for threat_type in verdict.threat_types:
                self._book.dangerous(full_hash(expression), threat_type, dns_list.name, answer.seconds)

    async def _is_choosy(self, dns_list: DnsList, listed_at: float) -> bool:
        """Whether a list that listed a domain then did not list what cannot be, either.

        What was so before the listing proves nothing: a list may list everything from one moment to the next.
        """
        async with self._checks[dns_list.name]:
            if self._choosy_at.get(dns_list.name, 0.0) >= listed_at:
                return True
            now = time.monotonic()
            answer = await self._answer(dns_list, dns_list.unlisted_name)
            if answer is None:
                return False
            verdict = verdict_of(dns_list.form, answer.addresses)
            trouble = Trouble.EVERYTHING if verdict.threat_types else verdict.trouble
            if trouble is not None:
                self._leave_alone(dns_list, trouble)
                return False
            self._choosy_at[dns_list.name] = now
            return True

    def _leave_alone(self, dns_list: DnsList, trouble: Trouble) -> None:
        self._resting.failed(dns_list.name, trouble.value, least_seconds=REFUSED_SECONDS)

    async def _answer(self, dns_list: DnsList, name: str) -> DnsAnswer | None:
        async with self._places:
            if self._resting.rests(dns_list.name):
                return None
            try:
                return await self._addresses(name)
            except DnsError as error:
                self._resting.failed(dns_list.name, str(error), allowed=FAILURES)
                return None
