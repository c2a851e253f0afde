"""heuristics: what the looks of a link give away, with reasons, and without asking anybody.

docs/heuristics.md names each sign, its weight and why; `judging.WEIGHTS` is the table.
"""

from backstamp.threats.heuristics.host_looks import Organisation, organisation
from backstamp.threats.heuristics.judging import SOURCE, WEIGHTS, is_suspicious, suspicions, total_weight
from backstamp.threats.heuristics.looks import Looks

__all__ = [
    "SOURCE",
    "WEIGHTS",
    "Looks",
    "Organisation",
    "is_suspicious",
    "organisation",
    "suspicions",
    "total_weight",
]
