"""Who opened, who clicked, and why we say so.

A hit and its siblings make a `Context` (`context_of`), the hit alone makes `Facts` (`facts_of`), and
`verdict` makes of both an actor, a score and reasons in words; `judge` and `judge_alone` do all three, and
remember.
Nothing here reads a clock, a file or the network at call time; the signature files are read once on
import.  docs/verdicts.md explains the rules, the signals and their weights.
"""

from backstamp.verdicts.context import Context
from backstamp.verdicts.facts import Facts, facts_of
from backstamp.verdicts.judging import Certainty, Verdict, verdict
from backstamp.verdicts.memo import judge, judge_alone
from backstamp.verdicts.networks import NetworkTable
from backstamp.verdicts.siblings import (
    LOOKS_AHEAD_US,
    LOOKS_BACK_US,
    context_of,
)
from backstamp.verdicts.signals import Reason, SignalName
from backstamp.verdicts.single_hits import is_by_a_person, is_shared

__all__ = [
    "LOOKS_AHEAD_US",
    "LOOKS_BACK_US",
    "Certainty",
    "Context",
    "Facts",
    "NetworkTable",
    "Reason",
    "SignalName",
    "Verdict",
    "context_of",
    "facts_of",
    "is_by_a_person",
    "is_shared",
    "judge",
    "judge_alone",
    "verdict",
]
