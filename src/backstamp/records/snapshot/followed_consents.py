"""What recipients said about being measured, followed from one change to the next.

To gather a million consents takes half a second of a processor or more, which is seconds where many others
want it; to find those of the last minute takes 0.09 s, and no time of the worker's other threads. That these
are all that changed is not certain: clocks may differ, and a row that is gone tells nothing. So all are
gathered where the last minute does not explain a change, and a while after it did.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final

from django.utils import timezone

from backstamp.policy import Consents
from backstamp.records.models import Consent
from backstamp.records.snapshot import part_changes, parts
from backstamp.records.snapshot.packed_keys import with_keys

MARGIN: Final = timedelta(seconds=60)
"""A row has the time at which it was written, and is seen later, when its transaction is committed."""
MOST_FOLLOWED: Final = 1000
"""Of more recipients, as after an import, all are gathered."""
GATHER_SECONDS: Final = 600.0
"""So long after all were gathered they are gathered again, if changes were followed since. A change
waits meanwhile."""


class FollowedConsents:
    """The consents as they were at the last look."""

    def __init__(self) -> None:
        self._consents = Consents()
        self._changes: part_changes.Seen | None = None
        self._looked_at = datetime.min.replace(tzinfo=UTC)
        self._gathered_at = 0.0
        self._followed = False

    def news(self) -> Consents | None:
        """Return the consents at the first look and whenever they may be others; else None.

        Raises `django.db.Error`.
        """
        changes = part_changes.of_consents()
        is_known = changes == self._changes
        if is_known and not (self._followed and monotonic() - self._gathered_at > GATHER_SECONDS):
            return None
        now, gathered_at = timezone.now(), monotonic()
        found = None if is_known or self._changes is None else self._with_those_of(self._recent())
        self._followed = found is not None
        if found is None:
            found = parts.consents()
            self._gathered_at = gathered_at
        self._consents, self._changes, self._looked_at = found, changes, now
        return found

    def _recent(self) -> set[bytes]:
        """Return who said something since a minute before the last look, or some of very many."""
        rows = with_keys(Consent.objects.filter(recorded_at__gte=self._looked_at - MARGIN))
        keys = rows.order_by().values_list("recipient_key", flat=True)
        return {bytes(key) for key in keys[: MOST_FOLLOWED + 1]}

    def _with_those_of(self, recipients: Collection[bytes]) -> Consents | None:
        """Return the consents with what these say now, or None where that is no news, or much."""
        if len(recipients) > MOST_FOLLOWED:
            return None
        now = parts.consents(recipients)
        if all(self._consents.get(key) == now.get(key) for key in recipients):
            return None
        return self._consents.with_those_of(recipients, now)
