"""What administrators decided about hosts and URLs, for which mail or alerts of before are looked through."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from backstamp.policy import DIGEST_BYTES
from backstamp.records.database.batched import batched
from backstamp.records.database.instants import microseconds
from backstamp.records.looking_back.link_expressions import digest_of, layers_of
from backstamp.records.looking_back.listings import Listing
from backstamp.records.looking_back.look import PAGE
from backstamp.records.models import ExpressionKill, LiftedAllowance, OwnListEntry
from backstamp.threats import ThreatReason
from backstamp.vocabulary import ThreatType

Decision = ExpressionKill | OwnListEntry | LiftedAllowance
"""What an administrator decided."""

_AT_ONCE: Final = 500


def decided() -> list[tuple[Listing, ExpressionKill | OwnListEntry]]:
    """Return what administrators switched off or put on their own lists and was not looked back for yet."""
    kills = ExpressionKill.objects.filter(looked_back_at=None).order_by("pk")[:PAGE]
    entries = OwnListEntry.objects.filter(kind=OwnListEntry.Kind.BLOCKED, looked_back_at=None)
    return [
        *((_decided(row, ThreatReason.SWITCHED_OFF, "kill switch", row.killed_at), row) for row in kills),
        *(
            (_decided(row, ThreatReason.OWN_LIST, "own list", row.since, row.scope), row)
            for row in entries.order_by("pk")[:PAGE]
        ),
    ]


def allowed() -> list[OwnListEntry]:
    """Return what own lists allow and alerts were not looked through for yet."""
    entries = OwnListEntry.objects.filter(kind=OwnListEntry.Kind.ALLOWED, looked_back_at=None)
    return list(entries.order_by("pk")[:PAGE])


def lifted() -> list[LiftedAllowance]:
    """Return what own lists allow no longer, and was not looked back for yet."""
    return list(LiftedAllowance.objects.order_by("pk")[:PAGE])


def blocked_among(urls: Iterable[str]) -> list[Listing]:
    """Return what own lists block of URLs: where an allowed one was, it may have had no say.

    Ingest waits for it: of ten thousand entries to make objects of all took 80 ms.
    """
    digests = {digest for url in urls for layer in layers_of(url) for digest in layer}
    stored = (digest.to_bytes(DIGEST_BYTES, "big", signed=True) for digest in digests)
    blocked = OwnListEntry.objects.filter(kind=OwnListEntry.Kind.BLOCKED).order_by("pk")
    found: list[Listing] = []
    for some in batched(stored, _AT_ONCE):
        rows = blocked.filter(digest__in=some)
        found += (_decided(row, ThreatReason.OWN_LIST, "own list", row.since, row.scope) for row in rows)
    return found


def note_done(row: Decision, now: datetime) -> None:
    """Note that it was looked back for what an administrator decided."""
    if isinstance(row, LiftedAllowance):
        row.delete()
    else:
        type(row).objects.filter(pk=row.pk).update(looked_back_at=now)


def _decided(
    row: ExpressionKill | OwnListEntry, reason: ThreatReason, source: str, since: datetime, scope: str = ""
) -> Listing:
    return Listing(
        digest=digest_of(row.expression),
        threat=ThreatType.FORBIDDEN,
        reason=reason,
        source=source,
        since_us=microseconds(since),
        scope=scope,
    )
