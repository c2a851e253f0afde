"""path_looks: links to files that run."""

import datetime
import re
from typing import Final
from urllib.parse import unquote

import msgspec

from backstamp.data_files import load
from backstamp.threats.findings import ThreatReason
from backstamp.threats.heuristics.looks import Sign

_MAX_NAME: Final = 512
_TURNED: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Controls that turn the order in which letters are shown: `inv[RLO]fdp.exe` is seen as `invexe.pdf`."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    date: datetime.date
    programs: frozenset[str]
    documents: frozenset[str]
    scripts: frozenset[str]


_FILES: Final = load("backstamp.threats.heuristics", "files.toml", _File)


def path_signs(path: str) -> tuple[Sign, ...]:
    """Return whether a path ends in a file that runs, and whether its name pretends another kind.

    `path` is percent-encoded. Endings count without regard to case, and without the blanks and dots behind
    them, which Windows drops.
    """
    name = path.rpartition("/")[2][-_MAX_NAME:]
    if "." not in name and "%" not in name:
        return ()
    stem, _, last = unquote(name).partition(";")[0].rstrip(" .").lower().rpartition(".")
    if not stem:
        return ()
    pretended = stem.rstrip(" _").rpartition(".")
    if last in _FILES.programs and _TURNED.search(stem):
        return (Sign(ThreatReason.DOUBLE_EXTENSION, last),)
    disguised = pretended[0] != "" and pretended[2] in _FILES.documents
    if disguised and (last in _FILES.programs or last in _FILES.scripts):
        return (Sign(ThreatReason.DOUBLE_EXTENSION, f"{pretended[2]}.{last}"),)
    return (Sign(ThreatReason.PROGRAM_FILE, last),) if last in _FILES.programs else ()
