"""deliveries: what the next hop said of each recipient, for the journal."""

import logging
from collections.abc import Iterable
from typing import Final

from backstamp.gateway.relaying.handover import Outcome, Stage
from backstamp.journal import JournalUnavailableError, JournalWriter, RecordTooLargeError
from backstamp.vocabulary import Delivery, EventType

_log = logging.getLogger("backstamp.gateway")

LONGEST_TEXT: Final = 1000
"""Characters of a reply that the records hold."""


def record_deliveries(
    journal: JournalWriter,
    outcomes: Iterable[tuple[int, Outcome]],
    *,
    tracking_id: int,
    trace_id: str,
    next_hop: str,
    at_us: int,
) -> None:
    """Write the outcome of each recipient (index, outcome); `at_us` in microseconds since 1970 UTC."""
    for index, outcome in outcomes:
        answer = outcome.reply
        record = Delivery(
            at_us=at_us,
            tracking_id=tracking_id,
            type=_event_type(outcome),
            recipient_index=index,
            code=answer.code,
            enhanced_status=answer.enhanced_status,
            text=answer.text.encode("utf-8", "replace").decode()[:LONGEST_TEXT],
            next_hop=next_hop,
            stage=outcome.stage.value,
        )
        try:
            journal.append(record)
        except (JournalUnavailableError, RecordTooLargeError) as error:
            _log.error("%s: a delivery is not recorded: %s", trace_id, error)
            return


def _event_type(outcome: Outcome) -> EventType:
    answer = outcome.reply
    if outcome.stage is Stage.SUPPRESSED:
        return EventType.REJECTED  # also where the client was told that we took it
    if answer.positive:
        return EventType.SENT
    return EventType.DEFERRED if answer.transient else EventType.REJECTED
