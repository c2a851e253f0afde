"""candidates: what a manifest says of the links of a part, made when somebody asks for it."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from backstamp.rewriting.deciding.decided import Decided
from backstamp.rewriting.reporting.manifest import CandidateReport, Decision, plain
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.urls.parsing import WebUrl, strip_link_text


class LeftLink(NamedTuple):
    """A link that is not wrapped: its part, the reason, what a browser would request, and how it is written.

    `address` is as the URL parser sees it, and absolute where a base of another scheme makes it so.
    """

    part: str
    reason: SkipReason
    url: WebUrl | None
    address: str


class Candidates(msgspec.Struct, frozen=True):
    """The links of the part with this path, what was decided on each, and where it stands in the raw message.

    A report weighs as much as all else that is known of a link, and whoever only wants the new message never
    reads it.
    """

    part: str
    decided: list[Decided]
    spans: list[tuple[int, int]]

    def reports(self) -> list[CandidateReport]:
        """Return the manifest's words on each of them, in order."""
        return [_report(self.part, *pair) for pair in zip(self.decided, self.spans, strict=True)]

    def left(self) -> Iterator[LeftLink]:
        """Yield those of them that are not wrapped, in order."""
        for each in self.decided:
            if each.reason is not None:
                address = each.address or strip_link_text(each.link.value)
                yield LeftLink(self.part, each.reason, each.url, address)

    def within(self, room: int) -> "Candidates":
        """Return them with no more than `room` that have no number; one more stands for all behind it."""
        kept: list[int] = []
        for at, each in enumerate(self.decided):
            if each.number is not None or each.holds_place:
                kept.append(at)
            elif room >= 0:
                room -= 1
                kept.append(at)
                if room < 0:
                    each.reason = SkipReason.TOO_MANY_LINKS
        if len(kept) == len(self.decided):
            return self
        return Candidates(self.part, [self.decided[at] for at in kept], [self.spans[at] for at in kept])


def _report(part: str, decided: Decided, span: tuple[int, int]) -> CandidateReport:
    link, url, number = decided.link, decided.url, decided.number
    return CandidateReport(
        part=part,
        carrier=link.carrier,
        start=span[0],
        end=span[1],
        url=plain(decided.address or link.value) if url is None else url.href,
        decision=Decision.SKIPPED if number is None else Decision.WRAPPED,
        skip_reason=decided.reason,
        conditional=link.conditional,
        number=number,
        inner_url=decided.inner_url,
    )
