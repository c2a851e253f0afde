"""Forward-confirmed names of addresses, where the policy keeps addresses: looked up beside ingest.

A name only ever adds to what is known of a hit; that there is none says nothing.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from backstamp.records.database.bulk import insert_new
from backstamp.records.database.instants import microseconds, stored
from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.events.stored_hits import Pair
from backstamp.records.models import Event, ReverseName

LONGEST_NAME: Final = 253
MOST_HELD: Final = 20_000
_SELECT: Final = (
    "SELECT n.address, n.name FROM keys CROSS JOIN records_reversename n WHERE n.address = keys.a"
)


class ReverseNames:
    """What ingest knows of names: those it asked for."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def load(self, addresses: Iterable[str | None]) -> None:
        """Read the names of these addresses; what was not looked up yet is asked for again the next time."""
        missing = {(address,) for address in addresses if address and address not in self._names}
        if len(self._names) > MOST_HELD:
            self._names.clear()
        if missing:
            self._names.update(select_for_keys(_SELECT, ("a",), missing))

    @property
    def are_none(self) -> bool:
        """Whether none is known, as where no addresses are kept."""
        return not self._names

    def of(self, address: str | None) -> str:
        """Return the confirmed name of an address that was asked for, or ""."""
        return self._names.get(address, "") if address else ""


def unknown_addresses(since: datetime, limit: int) -> list[str]:
    """Return addresses of hits since then that are still judged again, whose names were not looked up yet."""
    known = ReverseName.objects.values("address")
    hits = Event.objects.filter(address__isnull=False, source__isnull=False, at__gt=since)
    found = list(hits.exclude(address__in=known).values_list("address", flat=True).distinct()[:limit])
    return [address for address in found if address is not None]


def keep(names: dict[str, str], now: datetime) -> None:
    """Keep what was found: the confirmed name by address, "" where there is none."""
    at = stored(microseconds(now))
    rows = ((address, name[:LONGEST_NAME], at) for address, name in names.items())
    insert_new("records_reversename", ("address", "name", "looked_up_at"), rows)


def recipients_of(addresses: Collection[str], since: datetime) -> set[Pair]:
    """Return whose hits came from these addresses since then."""
    hits = Event.objects.filter(
        address__in=addresses, recipient_index__isnull=False, at__gt=since
    ).values_list("message_id", "recipient_index")
    return {(message, index) for message, index in hits.distinct() if index is not None}


def forget_names(before: datetime) -> int:
    """Delete names that were looked up before then, and return how many."""
    return ReverseName.objects.filter(looked_up_at__lt=before).delete()[0]
