"""Publish the parts of the policy snapshot, from which gateway and edge work."""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final

from backstamp.file_identity import FileIdentity, identity_of
from backstamp.policy import Policy
from backstamp.records.snapshot import part_changes, parts, suppressed_keys
from backstamp.records.snapshot.followed_consents import FollowedConsents
from backstamp.shared_files import (
    consents_path,
    publish_consents,
    publish_policy,
    publish_suppressed,
    suppressed_path,
)
from backstamp.shared_files.replacing import remove_unfinished
from backstamp.worker.parts.database import Database
from backstamp.worker.parts.running import wait_for_either

_log = logging.getLogger("backstamp.worker")

POLL_SECONDS: Final = 0.5
"""With the quarter of a second after which readers look at the files again, a change is in force within 2 s,
also while a long part is gathered."""
REPUBLISH_SECONDS: Final = 15.0
"""The policy is published anew at least so often, so that an old file tells of a dead worker (`backstamp
doctor`)."""


class Publisher:
    """Writes the policy to `path`, from the defaults and the database, and the other parts beside it."""

    def __init__(self, path: Path, defaults: Policy, database: Database) -> None:
        self._path = path
        self._defaults = defaults
        self._database = database
        self._asked: dict[Path, asyncio.Event] = {}
        self._policy = _Written(path)
        self._consents = _Written(consents_path(path))
        self._suppressed = _Written(suppressed_path(path))

    def hurry(self) -> None:
        """Look for changes now: there may be some."""
        for asked in self._asked.values():
            asked.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish the policy at once, at every change and every now and then, until `stop` is set."""
        fingerprint = parts.policy_fingerprint
        look = _at_changes(fingerprint, self._publish_policy, self._policy, REPUBLISH_SECONDS)
        await self._keep(stop, self._policy, look)

    async def run_consents(self, stop: asyncio.Event) -> None:
        """Publish the consents at once and at every change, until `stop` is set."""
        followed = FollowedConsents()

        def look() -> None:
            nonlocal followed
            with self._consents.lock:
                if self._consents.is_ours_no_more():
                    followed = FollowedConsents()
                if (news := followed.news()) is not None:
                    publish_consents(self._path, news)
                    self._consents.note()

        await self._keep(stop, self._consents, look)

    async def run_suppressed(self, stop: asyncio.Event) -> None:
        """Publish the suppression list at once and at every change, until `stop` is set."""
        look = _at_changes(part_changes.of_suppressions, self._publish_suppressed, self._suppressed)
        await self._keep(stop, self._suppressed, look)

    async def _keep(self, stop: asyncio.Event, written: "_Written", look: Callable[[], None]) -> None:
        """Have somebody look all the time whether what is `written` is to be another."""
        await self._database.run_ahead(written.remove_unfinished)
        asked = self._asked.setdefault(written.path, asyncio.Event())
        while not stop.is_set():
            asked.clear()
            await self._database.run_ahead(look)
            await wait_for_either(stop, asked, POLL_SECONDS)

    def _publish_policy(self) -> None:
        # A policy of version 1 has the other parts within, and they must not be missing for a moment.
        self._consents.publish_if_missing(self._publish_consents)
        self._suppressed.publish_if_missing(self._publish_suppressed)
        publish_policy(self._path, parts.policy(self._defaults, time.time_ns() // 1000))

    def _publish_consents(self) -> None:
        publish_consents(self._path, parts.consents())

    def _publish_suppressed(self) -> None:
        publish_suppressed(self._path, suppressed_keys.suppressed(self._path.parent))


class _Written:
    """A file that was published: whether it is still the one that we wrote.

    Gateway and edge go on with what they have while it is damaged; started anew they would have no policy.
    Who publishes, or asks whose the file is, holds `lock` meanwhile: two threads may publish the same part,
    and neither is a stranger.
    """

    def __init__(self, path: Path) -> None:
        self.lock = Lock()
        self.path = path
        self._identity: FileIdentity | None = None

    def remove_unfinished(self) -> None:
        """Remove what a killed worker left of new ones: of a part with a million keys, megabytes."""
        # Not what another thread writes at this moment.
        with self.lock:
            remove_unfinished(self.path.parent, self.path.name)

    def publish_if_missing(self, publish: Callable[[], None]) -> None:
        """Publish the file where there is none."""
        # Looked at before the lock, too: a part that is there is no reason to wait for who gathers it anew.
        if not self.path.exists():
            with self.lock:
                if not self.path.exists():
                    publish()
                    self.note()

    def note(self) -> None:
        """Take the file as it is now for ours."""
        self._identity = self._now()

    def is_ours_no_more(self) -> bool:
        """Whether there was one of ours, and somebody else changed or removed it; that is told."""
        other = self._identity is not None and self._now() != self._identity
        if other:
            _log.warning("%s was changed by another than the worker; it is published anew", self.path.name)
            self._identity = None
        return other

    def _now(self) -> FileIdentity | None:
        try:
            return identity_of(self.path.stat())
        except FileNotFoundError:
            return None


def _at_changes(
    fingerprint: Callable[[], tuple[object, ...]],
    publish: Callable[[], None],
    written: _Written,
    seconds: float = math.inf,
) -> Callable[[], None]:
    """Return a look that publishes at first, and when what it goes by or the file is another.

    What it goes by is the fingerprint; and it publishes after so many seconds.
    """
    published: object = None
    published_at = 0.0

    def look() -> None:
        nonlocal published, published_at
        now = fingerprint()
        due = now != published or time.monotonic() - published_at > seconds
        with written.lock:
            if written.is_ours_no_more() or due:
                publish()
                written.note()
                published, published_at = now, time.monotonic()

    return look
