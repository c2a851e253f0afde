"""From facts and context to the verdict: who acted, how sure we are, and why."""

import math
from enum import StrEnum
from typing import Final

import msgspec

from backstamp.verdicts.clients import client_of
from backstamp.verdicts.context import Context
from backstamp.verdicts.evidence import weigh
from backstamp.verdicts.facts import Facts
from backstamp.verdicts.rules import RULES, Finding, machine_of
from backstamp.verdicts.signals import Reason, SignalName
from backstamp.verdicts.wording import sentence
from backstamp.vocabulary import Actor

PERSON_FROM: Final = 1.5
"""Log odds from which evidence makes a person (odds of about 4.5 to 1)."""

MACHINE_OPEN_FROM: Final = -1.5
"""Log odds from which evidence makes an open a machine's."""

MACHINE_CLICK_FROM: Final = -2.0
"""The same for a click, where a lost person costs more."""


class Certainty(StrEnum):
    """How sure the verdict is."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    UNSURE = "unsure"


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """Who acted, and why we say so.

    Attributes:
        actor: who or what.
        score: -1 (a machine) to +1 (a person): twice the probability of a person, less one.  An own view
            by the sender is 0, since it says nothing of the recipient.
        reasons: the signals found, the weightiest first; never empty.
        certainty: certain only where one certain rule decided.
        counts: false for requests that are no fetch at all (HEAD, speculative): kept, never counted.
    """

    actor: Actor
    score: float
    reasons: tuple[Reason, ...]
    certainty: Certainty
    counts: bool = True


_SCORES: Final = {
    Actor.HUMAN: 0.95,
    Actor.PROXIED_HUMAN: 0.95,
    Actor.PREFETCH: -0.99,
    Actor.SCANNER: -0.99,
    Actor.PREVIEW_BOT: -0.99,
    Actor.SELF: 0.0,
    Actor.UNKNOWN: 0.0,
}
_LIKELY_SHARE: Final = 0.9


def verdict(facts: Facts, context: Context) -> Verdict:
    """Judge one hit.

    The first certain rule decides; else the evidence is added up, and where it does not reach far enough
    to either side the actor is unknown.  Same arguments, same verdict; no argument makes it raise.
    """
    client = client_of(facts.user_agent)
    for rule in RULES:
        finding = rule(facts, context, client)
        if finding is not None:
            return _from_finding(finding)
    return _from_evidence(facts.event, *weigh(facts, context, client))


def _from_finding(finding: Finding) -> Verdict:
    score = _SCORES[finding.actor]
    if finding.likely:
        score = round(score * _LIKELY_SHARE, 3)
    if finding.actor is Actor.UNKNOWN:
        certainty = Certainty.UNSURE
    else:
        certainty = Certainty.PROBABLE if finding.likely else Certainty.CERTAIN
    reason = Reason(finding.signal, score, finding.text)
    return Verdict(finding.actor, score, (reason,), certainty, finding.counts)


def _from_evidence(event: str, total: float, reasons: tuple[Reason, ...]) -> Verdict:
    if not reasons:
        text = sentence("Nothing speaks for a person, nothing for a machine.")
        reasons = (Reason(SignalName.NO_EVIDENCE, 0.0, text),)
    score = round(math.tanh(total / 2), 3)
    if total >= PERSON_FROM:
        return Verdict(Actor.HUMAN, score, reasons, Certainty.PROBABLE)
    if total <= (MACHINE_OPEN_FROM if event == "open" else MACHINE_CLICK_FROM):
        return Verdict(machine_of(event), score, reasons, Certainty.PROBABLE)
    return Verdict(Actor.UNKNOWN, score, reasons, Certainty.UNSURE)
