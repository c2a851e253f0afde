"""Domains of mail's links, asked about in DNS lists."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from backstamp.urls.domains import registrable_domain
from backstamp.urls.safe_browsing import full_hash, host_expression
from backstamp.worker.feeds.answer_book import AnswerBook, longest
from backstamp.worker.feeds.dns_lists import DnsList, verdict_of
from backstamp.worker.feeds.dns_lists.asking import DnsAnswer, DnsError
from backstamp.worker.feeds.resting import Resting
from backstamp.worker.feeds.screening import is_well_known

MOST_DOMAINS: Final = 100
"""In one go: no link with a long chain of redirectors makes us ask more."""
AT_ONCE: Final = 8
REFUSED_SECONDS: Final = 3600.0
_NEVER_LISTED: Final = "invalid"
_CHOOSY_SECONDS: Final = 900.0
FAILURES: Final = 3
"""So many questions go unanswered in a row before a list is left alone: a packet may get lost."""


class DnsQuestions:
    """Asks all lists about each domain; `addresses` is how (`DnsResolver.addresses`)."""

    def __init__(
        self,
        lists: tuple[DnsList, ...],
        addresses: Callable[[str], Awaitable[DnsAnswer]],
        book: AnswerBook,
    ) -> None:
        self._lists = lists
        self._addresses = addresses
        self._book = book
        self._resting = Resting()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._known_until: dict[str, float] = {}
        self._choosy_until: dict[str, float] = {}

    async def ask(self, hosts: Iterable[str]) -> None:
        """Ask about the registrable domains of hosts; at most `MOST_DOMAINS`, and no well-known ones."""
        now = time.monotonic()
        domains = {domain for host in hosts if (domain := registrable_domain(host)) is not None}
        unknown = [each for each in sorted(domains) if self._known_until.get(each, 0) <= now]
        wanted = [each for each in unknown if not is_well_known(each)][:MOST_DOMAINS]
        if self._lists:
            await asyncio.gather(*(self._domain(domain) for domain in wanted))

    def prune(self) -> None:
        """Forget which domains are known for no longer."""
        now = time.monotonic()
        known = {domain: until for domain, until in self._known_until.items() if until > now}
        self._known_until = longest(known, float)

    async def _domain(self, domain: str) -> None:
        expression = host_expression(domain)
        if expression is None:
            return
        holds: list[float] = []
        for dns_list in self._lists:
            answer = await self._answer(dns_list, domain)
            if answer is None:
                continue
            verdict = verdict_of(dns_list.form, answer.addresses)
            if verdict.refused:
                why = "it refuses to answer: see its terms"
                self._resting.failed(dns_list.name, why, least_seconds=REFUSED_SECONDS)
                continue
            if verdict.threat_types and not await self._is_choosy(dns_list):
                continue
            self._resting.answered(dns_list.name)
            holds.append(answer.seconds)
            for threat_type in verdict.threat_types:
                self._book.dangerous(full_hash(expression), threat_type, dns_list.name, answer.seconds)
        if holds:
            self._known_until[domain] = time.monotonic() + min(holds)

    async def _is_choosy(self, dns_list: DnsList) -> bool:
        """Whether a list does not list what cannot be (RFC 5782, section 5).

        A list whose operator has given up may list everything.
        """
        now = time.monotonic()
        if self._choosy_until.get(dns_list.name, 0) > now:
            return True
        answer = await self._answer(dns_list, _NEVER_LISTED)
        if answer is None:
            return False
        if verdict_of(dns_list.form, answer.addresses).threat_types:
            why = "it lists everything, even what cannot be"
            self._resting.failed(dns_list.name, why, least_seconds=REFUSED_SECONDS)
            return False
        self._choosy_until[dns_list.name] = now + max(answer.seconds, _CHOOSY_SECONDS)
        return True

    async def _answer(self, dns_list: DnsList, domain: str) -> DnsAnswer | None:
        async with self._places:
            if self._resting.rests(dns_list.name):
                return None
            try:
                return await self._addresses(f"{domain}.{dns_list.zone}.")
            except DnsError as error:
                self._resting.failed(dns_list.name, str(error), allowed=FAILURES)
                return None
