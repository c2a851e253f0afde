"""What administrators decide is looked for in mail of before, at once and once more a little later."""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from backstamp.policy import link_word
from backstamp.records.alerting.allowances import tell_allowed
from backstamp.records.database.instants import microseconds
from backstamp.records.looking_back.decisions import (
    Decision,
    allowed,
    blocked_among,
    decided,
    lifted,
    note_done,
)
from backstamp.records.looking_back.link_expressions import digest_of
from backstamp.records.looking_back.listings import Listing, messages_under, urls_under
from backstamp.records.looking_back.look import PAGE
from backstamp.records.models import LiftedAllowance, OwnListEntry
from backstamp.shared_files import ThreatFile
from backstamp.threats import Finding
from backstamp.threats.answers import Answers
from backstamp.urls.parsing import web_url
from backstamp.urls.safe_browsing import full_hash
from backstamp.worker.feeds.questions.lookups import Lookups
from backstamp.worker.looking_back.search import Search
from backstamp.worker.parts.database import Database


class Decided:
    """What administrators switch off, block, allow, or allow no longer.

    `lists` are asked what is known of links that an own list allows no longer.
    """

    def __init__(
        self,
        database: Database,
        search: Search,
        lookups: Lookups | None,
        lists: ThreatFile | None,
        again_seconds: float,
    ) -> None:
        self._database = database
        self._search = search
        self._lookups = lookups
        self._lists = lists
        self._again_seconds = again_seconds
        self._seen: dict[tuple[str, int], float] = {}

    async def look(self, *, caught_up: bool) -> None:
        """Look for what is new, and once more for the rest that was new some seconds ago.

        The second look waits until the journal is read to its end, which is `caught_up`. Raises what the
        database raises.
        """
        now = time.monotonic()
        waiting: list[tuple[Listing | None, Decision]] = [
            *await self._database.run(decided),
            *((None, row) for row in await self._database.run(lifted)),
            *((None, row) for row in await self._database.run(allowed)),
        ]
        began = {_key(row): now for _, row in waiting}
        known, self._seen = (
            self._seen,
            began | {key: at for key, at in self._seen.items() if key in began},
        )
        new = [(listing, row) for listing, row in waiting if _key(row) not in known]
        ripe = [
            (listing, row)
            for listing, row in waiting
            if (at := known.get(_key(row))) is not None and now - at >= self._again_seconds
        ]
        await self._tell_allowed(row for _, row in new)
        await self._search.look_for(
            [each for listing, row in new for each in await self._listings(listing, row)]
        )
        if not caught_up:
            return
        await self._tell_allowed(row for _, row in ripe)
        for listing, row in ripe:
            await self._search.look_for(await self._listings(listing, row))
            await self._database.run(note_done, row, datetime.now(UTC))

    async def _listings(self, listing: Listing | None, row: Decision) -> list[Listing]:
        """Return what is to be looked for: what was decided, or what is known of links allowed no longer."""
        if listing is not None:
            return [listing]
        if not isinstance(row, LiftedAllowance):
            return []  # it was allowed
        digest = digest_of(row.expression)
        messages = await self._database.run(messages_under, digest)
        since_us = 0 if row.allowed_at is None else microseconds(row.allowed_at)
        found: dict[tuple[int, str, str], Listing] = {}
        pending: set[bytes] = set()
        for at in range(0, len(messages), PAGE):
            urls = await self._database.run(urls_under, digest, messages[at : at + PAGE])
            findings = await asyncio.to_thread(self._known_of, urls)
            pending |= {full_hash(each.detail) for each in findings if not each.confirmed}
            listings = [_from_finding(each) for each in findings if each.confirmed]
            for each in (*listings, *await self._database.run(blocked_among, urls)):
                found[each.digest, each.source, each.scope] = msgspec.structs.replace(
                    each, lifted_in=row.scope, allowed_since_us=since_us
                )
        if pending and self._lookups is not None:
            # What is confirmed is news of its own.
            await self._lookups.resolve(pending)
        return list(found.values())

    async def _tell_allowed(self, rows: Iterable[Decision]) -> None:
        """Let channels hear what of that which they were told is allowed by some decisions since."""
        entries = [
            row for row in rows if isinstance(row, OwnListEntry) and row.kind == OwnListEntry.Kind.ALLOWED
        ]
        if entries:
            await self._database.run(tell_allowed, entries, datetime.now(UTC))

    def _known_of(self, urls: Iterable[str]) -> list[Finding]:
        lists = None if self._lists is None else self._lists.current()
        answers = Answers() if self._lookups is None else self._lookups.answers
        now_us = time.time_ns() // 1000
        return [
            finding
            for text in urls
            if (url := web_url(text)) is not None
            for finding in link_word(url, lists, (), answers, now_us).findings
        ]


def _from_finding(finding: Finding) -> Listing:
    return Listing(
        digest=digest_of(finding.detail),
        threat=finding.threat_type,
        source=finding.source,
        since_us=finding.since_us,
    )


def _key(row: Decision) -> tuple[str, int]:
    return type(row).__name__, row.pk
