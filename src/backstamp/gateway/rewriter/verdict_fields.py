"""verdict_fields: what a received message is told in its own header of its links.

    X-Backstamp-Protection: protect; links=12; unprotected=form,signed
    X-Backstamp-Threat: phishing; list="urlhaus"; link=3

Filters and mail programs may act on them, for a stranger's fields with these names are taken out.
"""

from collections.abc import Collection, Iterable
from typing import Final

from backstamp.policy import ProtectionMode
from backstamp.vocabulary import QueuedFinding

_PROTECTION: Final = "X-Backstamp-Protection"
_THREAT: Final = "X-Backstamp-Threat"
OUR_FIELDS: Final = frozenset({_PROTECTION.lower().encode("ascii"), _THREAT.lower().encode("ascii")})
BAD_SUBJECT: Final = "[dangerous link]"
UNGUARDED_SUBJECT: Final = "[links not checked]"
_MOST: Final = 20
"""Threats that are named in the header; the record has all."""


def verdict_fields(
    mode: ProtectionMode,
    *,
    links: int,
    unprotected: Collection[str],
    findings: Iterable[QueuedFinding],
) -> list[tuple[str, str]]:
    """Return names and values. `unprotected` are `rewriting.SkipReason`s, `findings` what lists say."""
    words = [mode.value, f"links={links}"]
    if unprotected:
        words.append(f"unprotected={','.join(unprotected)}")
    fields = [(_PROTECTION, "; ".join(words))]
    threats = dict.fromkeys(
        f'{each.threat.value}; list="{_quoted(each.source)}"; link={each.number}' for each in findings
    )
    return [*fields, *((_THREAT, value) for value in list(threats)[:_MOST])]


def subject_mark(*, known_bad: bool, unprotected: bool) -> str:
    """Return what goes before the subject, or nothing."""
    return BAD_SUBJECT if known_bad else UNGUARDED_SUBJECT if unprotected else ""


def _quoted(text: str) -> str:
    return "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "?" for c in text)[:64]
