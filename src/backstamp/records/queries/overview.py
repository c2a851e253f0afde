"""The overview: what was sent day by day, and what came of it, from the counts that ingest keeps.

It costs one query over some thousand rows, however many events there are.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from backstamp.records.events import tally
from backstamp.records.models import DayCount
from backstamp.records.rollups.day_counts import ALL
from backstamp.vocabulary import PEOPLE, Actor, EventType


@dataclass(frozen=True)
class Figures:
    """Numbers of a day or of several: by measure, as `records.rollups.day_counts` names them."""

    counts: Mapping[str, int]

    def __getitem__(self, measure: str) -> int:
        return self.counts.get(measure, 0)

    def fetches(self, type_: EventType, actor: Actor) -> int:
        """Return how many fetches of that kind an actor made that count."""
        return self[tally.key(type_.value, actor.value, True, None)]

    @property
    def human_opens(self) -> int:
        """Images loaded by people or by a provider's proxy for one."""
        return sum(self.fetches(EventType.OPENED, actor) for actor in PEOPLE)

    @property
    def human_clicks(self) -> int:
        """Links followed by people."""
        return sum(self.fetches(EventType.CLICKED, actor) for actor in PEOPLE)


@dataclass(frozen=True)
class Overview:
    """A stretch of days: each day that has anything, in order, and all of them together."""

    days: tuple[tuple[date, Figures], ...]
    total: Figures


def overview(first: date, last: date, domain_id: int | None = None) -> Overview:
    """Return what happened from one day to another (UTC, both included), of one tracking domain or of all."""
    whose = ALL if domain_id is None else domain_id
    counts = DayCount.objects.filter(domain_id=whose, day__gte=first, day__lt=last + timedelta(days=1))
    days: dict[date, dict[str, int]] = {}
    total: Counter[str] = Counter()
    for day, measure, number in counts.values_list("day", "measure", "number"):
        if number:
            days.setdefault(day, {})[measure] = number
            total[measure] += number
    return Overview(tuple((day, Figures(days[day])) for day in sorted(days)), Figures(total))
