"""heuristics: what the looks of a link give away, with reasons, and without asking anybody.

docs/heuristics.md names each sign, its weight and why; `judging.WEIGHTS` is the table.
"""

from backstamp.threats.heuristics.host_looks import Organisation, organisation
from backstamp.threats.heuristics.judging import (
    SOURCE,
    WEIGHTS,
    enough_to_warn,
    is_suspicious,
    suspicions,
    total_weight,
)
from backstamp.threats.heuristics.looks import Looks
from backstamp.threats.heuristics.onward import lead_nowhere

__all__ = [
    "SOURCE",
    "WEIGHTS",
    "Looks",
    "Organisation",
    "enough_to_warn",
    "is_suspicious",
    "lead_nowhere",
    "organisation",
    "suspicions",
    "total_weight",
]
