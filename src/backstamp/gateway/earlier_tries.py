"""earlier_tries: what is known of one message from earlier tries, and what is kept of this one.

A fault of the file costs at most a double; no mail waits for it.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Sequence

from backstamp.gateway.outcomes import KnownEnvelope, KnownRecipient, Outcomes, recipient_key
from backstamp.gateway.protocol.commands import Mailbox

_log = logging.getLogger("backstamp.gateway")


class EarlierTries:
    """The memory of one message. `now` is in seconds since 1970 UTC."""

    def __init__(self, outcomes: Outcomes, key: bytes, recipients: Sequence[Mailbox], *, now: int) -> None:
        """Look the message up by its envelope key."""
        self._outcomes = outcomes
        self._key = key
        self._now = now
        self._recipient_keys = [recipient_key(key, each.path) for each in recipients]
        self._known = self._find()
        self._stored = self._known is not None

    @property
    def tracking_id(self) -> int | None:
        """The tracking id that an earlier try has given the message, or None."""
        return None if self._known is None else self._known.tracking_id

    @property
    def next_index(self) -> int:
        """The first recipient index that was never given in this message."""
        known = () if self._known is None else self._known.recipients.values()
        return max((each.index for each in known), default=-1) + 1

    @property
    def know_everybody(self) -> bool:
        """Whether all recipients of this try were there before."""
        return self._known is not None and all(key in self._known.recipients for key in self._recipient_keys)

    def recipient(self, place: int) -> KnownRecipient | None:
        """Return what is known of a recipient of this try, or None."""
        return None if self._known is None else self._known.recipients.get(self._recipient_keys[place])

    async def keep(self, tracking_id: int, rows: Sequence[tuple[int, int, bool]]) -> None:
        """Put recipients (place, index, accepted) on the disk."""
        keyed = [(self._recipient_keys[place], index, accepted) for place, index, accepted in rows]
        try:
            await asyncio.to_thread(self._outcomes.keep, self._key, tracking_id, keyed, now=self._now)
            self._stored = True
        except sqlite3.Error as error:
            _log.error("outcomes cannot be written, a retry may arrive twice: %s", type(error).__name__)

    def forget(self) -> None:
        """The client knows the end of it: nothing needs remembering."""
        try:
            if self._stored:
                self._outcomes.drop(self._key)
        except sqlite3.Error as error:
            _log.error("outcomes cannot be written: %s", type(error).__name__)

    def _find(self) -> KnownEnvelope | None:
        try:
            return self._outcomes.find(self._key)
        except sqlite3.Error as error:
            _log.error("outcomes cannot be read, a retry may arrive twice: %s", type(error).__name__)
            return None
