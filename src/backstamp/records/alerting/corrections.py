"""corrections: an alert told of people, and later verdicts leave none: that is told, too."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from backstamp.records.alerting.occurrences import MACHINES
from backstamp.records.alerting.raising import SAME_STORY, tell_again
from backstamp.records.alerting.since_judged import only_machines
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.events.hit_rows import Judged
from backstamp.records.models import Alert, Channel, Outgoing
from backstamp.tokens.sealing import NO_RECIPIENT

MOST_CORRECTED: Final = 100
"""Alerts, at once: whoever sends hits must not make the worker look through all there are."""
MOST_UPDATES: Final = 2
"""Of an alert, to a channel, in the time of a story: a scanner that comes again and again is told of once."""
Act = tuple[int, int, str]
"""Message (stored tracking id), place, and what was done."""
_ALERTS: Final = (
    "SELECT DISTINCT p.alert_id FROM keys CROSS JOIN records_alertperson p "
    "WHERE p.message_id = keys.m AND p.recipient_index = keys.r AND p.act = keys.a"
)


def people_no_more(revised: Iterable[Judged]) -> set[Act]:
    """Return what persons were thought to have done, and was done by machines.

    `revised` are hits with their new judgements; they hold the old ones still.
    """
    return {
        (hit.message, NO_RECIPIENT if hit.recipient is None else hit.recipient, hit.type.value)
        for hit, judgement in revised
        if hit.hit.link_number is not None
        and hit.judgement is not None
        and hit.judgement.actor not in MACHINES
        and judgement.actor in MACHINES
    }


def tell_corrected(acts: Iterable[Act], now: datetime) -> int:
    """Let channels hear of alerts in which by that no person did anything; return of how many.

    Call it inside the transaction in which the new judgements are written, after that.
    """
    named = sorted({pk for (pk,) in select_for_keys(_ALERTS, ("m", "r", "a"), acts)}, reverse=True)
    corrected = only_machines(named[:MOST_CORRECTED])
    if not corrected:
        return 0
    lately = Outgoing.objects.filter(
        channel__in=list(Channel.objects.filter(enabled=True)),
        created_at__gt=now - SAME_STORY,
        kind=Outgoing.Kind.UPDATE,
    )
    told = Counter((channel, pk) for channel, pks in lately.values_list("channel_id", "alerts") for pk in pks)
    corrected -= {pk for (_, pk), number in told.items() if number >= MOST_UPDATES}
    return tell_again(Alert.objects.filter(pk__in=corrected).order_by("pk"), now)
