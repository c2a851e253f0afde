"""The hits of one recipient of one message, in the order of time: who is a sibling of whom.

Who counts as a sibling depends on times and names alone, never on the order of arrival: whenever a hit
arrives, every hit whose sibling it is, is judged again.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from backstamp.records.events.stored_hits import Place, StoredHit
from backstamp.verdicts import LOOKS_AHEAD_US, LOOKS_BACK_US
from backstamp.verdicts.opened import FOLD_US, JudgedHit, RecipientSummary
from backstamp.vocabulary import Hit, HitKind

CROWD: Final = 256
"""Hits of a recipient that are judged in the light of each other: the earliest ones. Whoever fetches one
image a million times is not understood better by the rest."""
NEAREST: Final = 64
"""Siblings that are looked at, to either side in time."""
MOST_HITS: Final = 1000
"""Hits of a recipient that are counted: the earliest, and the earliest by people. Who fetches one image
a million times must not make every further hit cost the reading of a million rows."""

_values: Final = msgspec.structs.astuple

_REDIRECT: Final = HitKind.REDIRECT
_PIXEL: Final = HitKind.PIXEL
_place: Final = attrgetter("place")


class Group(msgspec.Struct, eq=False, gc=False):
    """The earliest hits of a recipient, and the earliest by people, `MOST_HITS` of each.

    `whole` says that there are no others. Old hits are only summed up: `folded` of them, the last at
    `folded_to_us`, come to `summary`, and `opened` is the last that a click may have come of. `others` are
    read receipts and replies. `standing` is what the recipient's row says of them all, and `latest` the
    summary of them all, None where that is not known.
    """

    hits: list[StoredHit] = []
    others: list[JudgedHit] = []
    whole: bool = True
    folded: int = 0
    folded_to_us: int = 0
    summary: RecipientSummary | None = None
    opened: Hit | None = None
    latest: RecipientSummary | None = None
    standing: tuple[Any, ...] | None = None

    def add(self, new: Iterable[StoredHit]) -> None:
        """Put hits in."""
        hits, self.latest = self.hits, None
        for hit in new:
            if hits and hit.place < hits[-1].place:
                insort(hits, hit, key=_place)
            else:
                hits.append(hit)

    def is_held(self, from_us: int) -> bool:
        """Whether no hit is folded that has to do with those from this time on."""
        return not self.folded or from_us > self.folded_to_us + FOLD_US

    def fold(self, before_us: int) -> None:
        """Sum up the hits, which are judged, if all came before this time."""
        hits = self.hits
        if not hits or not self.whole or hits[-1].place[0] >= before_us:
            return
        self.summary, self.latest = self.latest or self.summed_up(), None
        self.folded += len(hits)
        self.folded_to_us = hits[-1].place[0]
        for hit in reversed(hits):
            if hit.person_opened:
                self.opened = hit.hit
                break
        self.hits = []

    def unfold(self) -> None:
        """Forget what was summed up: it is about to be read again."""
        self.folded, self.folded_to_us, self.summary, self.opened, self.latest = 0, 0, None, None, None
        self.others = []

    def summed_up(self) -> RecipientSummary:
        """Return what all hits come to; receipts and replies are left out."""
        before = self.summary
        summary = RecipientSummary() if before is None else RecipientSummary(*_values(before))
        summary.take([hit.sign for hit in self.hits if hit.sign is not None])
        self.latest = summary
        return summary

    def find(self, hit_place: Place) -> StoredHit | None:
        """Return the hit at this place in time."""
        at = bisect_left(self.hits, hit_place, key=_place)
        return self.hits[at] if at < len(self.hits) and self.hits[at].place == hit_place else None

    def are_alike(self, some: list[StoredHit]) -> bool:
        """Whether some hits, and all that it holds, are the same image, loaded by one program and source.

        Then none tells anything of another one; most groups are of this kind.
        """
        hits, first = self.hits, some[0].hit
        headers, source, key = first.headers, first.source, first.recipient_key
        # Those that are new are its last ones mostly.
        for hit in hits if hits[-len(some) :] == some else [*hits, *some]:
            seen = hit.hit
            if (
                seen.headers is not headers
                or seen.kind is not _PIXEL
                or seen.source != source
                or seen.recipient_key != key
            ):
                return False
        return True

    def siblings(self, hit: StoredHit) -> list[Hit] | None:
        """Return the hits of this recipient that may change the verdict of one of them, itself left out.

        None where it is not among the crowd, and judged alone.
        """
        hits, is_click = self.hits, hit.hit.kind is _REDIRECT
        if len(hits) == 1 and not (is_click and self.folded):
            return [] if self.folded < CROWD else None
        here = len(hits) - 1 if hits[-1] is hit else bisect_left(hits, hit.place, key=_place)
        crowd = CROWD - self.folded
        if here >= crowd:
            return None
        at_us = hit.place[0]
        # A step at a time: most have few neighbours so near, and new ones none after them.
        first = at_us - (LOOKS_BACK_US if is_click else LOOKS_AHEAD_US)
        low, lowest = here, here - NEAREST if here > NEAREST else 0
        while low > lowest and hits[low - 1].place[0] >= first:
            low -= 1
        near = [other.hit for other in hits[low:here]]
        high = here + 1
        if high < len(hits):
            last, highest = at_us + LOOKS_AHEAD_US, min(len(hits), crowd, here + NEAREST + 1)
            while high < highest and hits[high].place[0] <= last:
                high += 1
            near += [other.hit for other in hits[here + 1 : high]]
        if is_click:
            for earlier in range(low - 1, -1, -1):
                if hits[earlier].person_opened:
                    near.append(hits[earlier].hit)
                    break
            else:
                if self.opened is not None:
                    near.append(self.opened)
        return near

    def judged_by(self, new: Sequence[StoredHit]) -> Iterable[StoredHit]:
        """Return the hits whose verdict these new ones, which are in the group, may change.

        `new` are in the order of time; they may be among what is returned.
        """
        hits, crowd = self.hits, CROWD - self.folded
        first = new[0].place[0]
        if len(hits) == len(new):
            return ()
        if hits[-1] is new[-1] and hits[-len(new)] is new[0] and len(hits) <= crowd:
            older, lowest = len(hits) - len(new), first - LOOKS_AHEAD_US
            while older and hits[older - 1].place[0] >= lowest:
                older -= 1
            return hits[older : -len(new)]
        if bisect_left(hits, (first,), key=_place) >= crowd:
            return ()
        # Later ones look back at these, and those that these crowd out of the earliest look no more.
        return hits[bisect_left(hits, (first - LOOKS_AHEAD_US,), key=_place) : crowd + len(new)]
