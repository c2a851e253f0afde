"""While the worker runs: mail that arrived is looked through for what is known to be bad since.

What is new on lists and what administrators switch off or block is looked for at once, and once more a little
later: mail that was judged by what was known before may not have been ingested yet.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from backstamp.journal import ThreatFile
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
from backstamp.records.looking_back.link_expressions import digest_of, stored_digest
from backstamp.records.looking_back.listings import Listing, below, matched, messages_under, urls_under
from backstamp.records.looking_back.look import PAGE, look_back
from backstamp.records.models import LiftedAllowance, OwnListEntry
from backstamp.threats import Finding
from backstamp.threats.answers import Answers
from backstamp.urls.parsing import web_url
from backstamp.urls.safe_browsing import full_hash
from backstamp.worker.feeds.keeping.new_entries import NewEntries
from backstamp.worker.feeds.questions.lookups import Lookups
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait
from backstamp.worker.parts.troubles import described

log = logging.getLogger("backstamp.worker")

LOOK_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 5.0
"""Gateways see new lists after half a second, and a new policy after two; a message is rewritten in one."""
AT_ONCE: Final = 10_000
_DAY_US: Final = 86_400_000_000

T = TypeVar("T")


class LookingBack:
    """Looks back, one thing at a time, beside ingest: each page of messages is a transaction of its own.

    `caught_up` is set while the journal is read to its end. In `directory` waits what is looked for once
    more, across a restart too. What was found is in the records, so that nothing is found twice, whatever
    broke off. `lists` are asked what is known of links that an own list allows no longer.
    """

    def __init__(
        self,
        database: Database,
        caught_up: asyncio.Event,
        directory: Path,
        lookups: Lookups | None = None,
        again_seconds: float = AGAIN_SECONDS,
        *,
        lists: ThreatFile | None = None,
    ) -> None:
        self._database = database
        self._caught_up = caught_up
        self._directory = directory
        self._lookups = lookups
        self._lists = lists
        self._again_seconds = again_seconds
        self._alone = asyncio.Lock()
        self._decided: dict[tuple[str, int], float] = {}

    async def on_new_entries(self, new: NewEntries) -> None:
        """Look back for what is new on a list. Raises what the database raises, and OSError."""
        began = time.monotonic()
        found = await self._for_list(new)
        if found:
            log.info(
                "list %s: %d links of received mail are known to be bad now, found in %.1f s",
                *(new.source, found, time.monotonic() - began),
            )
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o750)
        # A second name of the same file: the first goes when this has returned.
        os.link(new.path, self._directory / f"{time.time_ns()}-{new.path.name}")

    async def run(self, stop: asyncio.Event) -> None:
        """Look back for what administrators decide, and once more for lists, until `stop` is set."""
        while not await wait(stop, LOOK_SECONDS):
            await self._for_decisions()
            if self._caught_up.is_set():
                await self._again()

    async def _again(self) -> None:
        """Look once more for what was new on lists when that is some seconds ago."""
        limit = time.time_ns() - int(self._again_seconds * 1e9)
        for path in sorted(self._directory.glob("*")):
            # A clock that was set back must not keep anything here for long.
            if limit < int(path.name.partition("-")[0]) < time.time_ns():
                continue
            try:
                await self._for_list(NewEntries(path))
            except ValueError as error:
                log.warning("new entries of a list cannot be read again: %s", described(error))
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    async def _for_list(self, new: NewEntries) -> int:
        """Look back for what is new on a list; return for how many links that is news."""
        found = 0
        for hashes in _pieces(new.hashes(), AT_ONCE):
            found += await self._for([_listing(whole, new) for whole in hashes])
        if self._lookups is not None:
            for prefixes in _pieces(new.prefixes(), AT_ONCE):
                digests = await self._database.run(below, prefixes)
                if digests:
                    # A prefix names clean URLs too; what is confirmed is news of its own.
                    await self._lookups.resolve(digest.to_bytes(8, "big", signed=True) for digest in digests)
        return found

    async def _for_decisions(self) -> None:
        now = time.monotonic()
        waiting: list[tuple[Listing | None, Decision]] = [
            *await self._database.run(decided),
            *((None, row) for row in await self._database.run(lifted)),
            *((None, row) for row in await self._database.run(allowed)),
        ]
        began = {_key(row): now for _, row in waiting}
        known, self._decided = (
            self._decided,
            began | {key: at for key, at in self._decided.items() if key in began},
        )
        new = [(listing, row) for listing, row in waiting if _key(row) not in known]
        ripe = [
            (listing, row)
            for listing, row in waiting
            if (at := known.get(_key(row))) is not None and now - at >= self._again_seconds
        ]
        await self._tell_allowed(row for _, row in new)
        await self._for([each for listing, row in new for each in await self._listings(listing, row)])
        if not self._caught_up.is_set():
            return
        await self._tell_allowed(row for _, row in ripe)
        for listing, row in ripe:
            await self._for(await self._listings(listing, row))
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

    async def _for(self, listings: list[Listing]) -> int:
        """Look back for listings; return for how many links that was news."""
        if not listings:
            return 0
        found = 0
        async with self._alone:
            for listing in await self._database.run(matched, listings):
                messages = await self._database.run(messages_under, listing.digest)
                for at in range(0, len(messages), PAGE):
                    page = messages[at : at + PAGE]
                    done = await self._database.run(look_back, listing, page, datetime.now(UTC))
                    found += done.links
        return found


def _pieces(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while piece := list(islice(remaining, size)):
        yield piece


def _listing(whole: bytes, new: NewEntries) -> Listing:
    return Listing(
        digest=stored_digest(whole),
        threat=new.threat_type,
        source=new.source,
        since_us=new.day * _DAY_US,
    )


def _from_finding(finding: Finding) -> Listing:
    return Listing(
        digest=digest_of(finding.detail),
        threat=finding.threat_type,
        source=finding.source,
        since_us=finding.since_us,
    )


def _key(row: Decision) -> tuple[str, int]:
    return type(row).__name__, row.pk
