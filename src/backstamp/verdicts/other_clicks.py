"""Bursts and echoes: what the clicks of a recipient tell of another of its clicks."""

from bisect import insort
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from backstamp.verdicts.clients import client_of
from backstamp.verdicts.single_hits import is_other_source, moment_of, seconds_between, user_agent_of
from backstamp.vocabulary import Hit

_SECOND_US: Final = 1_000_000
STRETCHES: Final = (1, 2, 5, 30)
"""Seconds within which distinct links are counted."""
_LONGEST_US: Final = max(STRETCHES) * _SECOND_US


@dataclass(slots=True)
class Clicks:
    """What the clicks of a recipient tell of another of its clicks.

    `burst` holds those that may be one burst with it, as time and number of the link; `echoed` is the last
    on the same link by another source before it, `followed` the first after it.
    """

    burst: list[tuple[int, int]] = field(default_factory=list)
    echoed: Hit | None = None
    followed: Hit | None = None

    def look(self, hit: Hit, other: Hit, may_be_burst: bool) -> None:
        """Note another click of the same recipient.

        Only the same source counts for a burst, or the same User-Agent: a scanner may use several addresses,
        but a person whose click falls beside a scanner's is not the scanner.
        """
        delta = other.at_us - hit.at_us
        if may_be_burst and other.link_number is not None and -_LONGEST_US <= delta <= _LONGEST_US:
            self.burst.append((other.at_us, other.link_number))
        if other.link_number == hit.link_number and is_other_source(hit, other):
            if delta < 0 and (self.echoed is None or moment_of(other) > moment_of(self.echoed)):
                self.echoed = other
            elif delta > 0 and (self.followed is None or moment_of(other) < moment_of(self.followed)):
                self.followed = other

    def tell(self, told: dict[str, Any], hit: Hit) -> None:
        """Tell it."""
        if self.burst:
            for seconds in STRETCHES:
                if (links := _links_within(hit, self.burst, seconds)) > 1:
                    told[f"links_clicked_within_{seconds}s"] = links
        if self.echoed is not None:
            told["other_network_same_link_seconds_before"] = seconds_between(self.echoed, hit)
            here, there = client_of(user_agent_of(hit)), client_of(user_agent_of(self.echoed))
            told["os_differs_from_prior_click"] = there.system != here.system
        if self.followed is not None:
            told["other_network_same_link_seconds_after"] = seconds_between(hit, self.followed)


def _links_within(hit: Hit, clicks: Sequence[tuple[int, int]], seconds: int) -> int:
    """Count distinct links in the fullest stretch of that many seconds that holds the hit.

    Args:
        hit: a click.
        clicks: its siblings of the same source or User-Agent: time in microseconds, number of the link.
        seconds: length of the stretch.
    """
    width = seconds * _SECOND_US
    near = sorted((at_us, link) for at_us, link in clicks if abs(at_us - hit.at_us) <= width)
    if hit.link_number is not None:
        insort(near, (hit.at_us, hit.link_number))
    most, first = 1, 0
    inside: Counter[int] = Counter()
    for at_us, link in near:
        inside[link] += 1
        while near[first][0] < at_us - width:
            left = near[first][1]
            first += 1
            inside[left] -= 1
            if not inside[left]:
                del inside[left]
        if near[first][0] <= hit.at_us <= at_us:
            most = max(most, len(inside))
    return most
