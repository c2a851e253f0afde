"""earlier_tries: what is known of one message from earlier tries, and what is kept of this one.

A fault of the file costs at most a double; no mail waits for it.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Collection, Mapping, Sequence

from backstamp.gateway.delivering.outcomes import KnownCopy, Outcomes

_log = logging.getLogger("backstamp.gateway")


class EarlierTries:
    """The memory of one message. `now` is in seconds since 1970 UTC."""

    def __init__(self, outcomes: Outcomes, keys: Sequence[bytes], *, now: int) -> None:
        self._outcomes = outcomes
        self._keys = keys
        self._now = now
        self._known = self._find()
        self._stored = set(self._known)

    @property
    def tracking_id(self) -> int | None:
        """The tracking id under which all recipients of this try were recorded before, or None.

        Recipients that come together for the first time are a message of their own: an index in one that is
        known might be somebody else's.
        """
        first = self._known.get(self._keys[0])
        if first is None:
            return None
        known = map(self._known.get, self._keys)
        same = all(each is not None and each.tracking_id == first.tracking_id for each in known)
        return first.tracking_id if same else None

    def recipient(self, place: int) -> KnownCopy | None:
        """Return what is known of a recipient of this try, or None."""
        return self._known.get(self._keys[place])

    async def keep(self, tracking_id: int, rows: Sequence[tuple[int, int, bool]]) -> None:
        """Put recipients (place, index, accepted) on the disk."""
        keyed = [(self._keys[place], index, accepted) for place, index, accepted in rows]
        try:
            await asyncio.to_thread(self._outcomes.keep, tracking_id, keyed, now=self._now)
            self._stored.update(key for key, _, _ in keyed)
        except sqlite3.Error as error:
            _log.error("outcomes cannot be written, a retry may arrive twice: %s", type(error).__name__)

    async def forget_but(self, again: Collection[int]) -> None:
        """The client knows the end of it but for these, whom it will name again: no other needs remembering.

        Who was named twice has one key: it is kept for the place that was put off.
        """
        keys = self._stored - {self._keys[place] for place in again}
        if not keys:
            return
        try:
            await asyncio.to_thread(self._outcomes.drop, keys)
        except sqlite3.Error as error:
            _log.error("outcomes cannot be written: %s", type(error).__name__)

    def _find(self) -> Mapping[bytes, KnownCopy]:
        try:
            return self._outcomes.find(self._keys)
        except sqlite3.Error as error:
            _log.error("outcomes cannot be read, a retry may arrive twice: %s", type(error).__name__)
            return {}
