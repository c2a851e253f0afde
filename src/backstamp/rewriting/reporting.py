"""reporting: what a manifest says of the links of a part, made when somebody asks for it."""

import msgspec

from backstamp.rewriting.link_policy import Decided
from backstamp.rewriting.manifest import CandidateReport, Decision, plain


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


def _report(part: str, decided: Decided, span: tuple[int, int]) -> CandidateReport:
    link, url, number = decided.link, decided.url, decided.number
    return CandidateReport(
        part=part,
        carrier=link.carrier,
        start=span[0],
        end=span[1],
        url=plain(link.value) if url is None else url.href,
        decision=Decision.SKIPPED if number is None else Decision.WRAPPED,
        skip_reason=decided.reason,
        conditional=link.conditional,
        number=number,
        inner_url=decided.inner_url,
    )
