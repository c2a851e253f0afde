"""united: what was found in one message under several policies, as one record has it."""

from collections.abc import Sequence

import msgspec

from backstamp.gateway.rewriter.messages import MOST_FINDINGS, ProtectAnswer, SealedLink
from backstamp.vocabulary import QueuedFinding


def united(
    answers: Sequence[ProtectAnswer],
) -> tuple[tuple[SealedLink, ...], tuple[QueuedFinding, ...]]:
    """Return the links under whichever policy, and what speaks against them.

    A wrapped link has one number in all copies. One that stays as it is gets the number that it has where it
    is wrapped, if it is, or one behind all.
    """
    if len(answers) == 1:
        (only,) = answers
        return (*only.links, *only.others), only.findings
    by_number = {link.number: link for answer in answers for link in answer.links}
    links = [by_number[number] for number in sorted(by_number)]
    behind = max(by_number, default=0)
    numbers = {link.url: link.number for link in reversed(links)}
    for answer in answers:
        for other in answer.others:
            if other.url not in numbers:
                behind += 1
                numbers[other.url] = behind
                links.append(msgspec.structs.replace(other, number=behind))
    findings: dict[QueuedFinding, None] = {}
    for answer in answers:
        moved = {other.number: numbers[other.url] for other in answer.others}
        for finding in answer.findings:
            number = moved.get(finding.number, finding.number)
            findings.setdefault(msgspec.structs.replace(finding, number=number))
    return tuple(links), tuple(findings)[:MOST_FINDINGS]
