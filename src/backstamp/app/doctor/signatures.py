"""How old the knowledge behind the verdicts is."""

import datetime
from collections.abc import Iterator

from backstamp.app.doctor.findings import Finding, good, note
from backstamp.app.doctor.published import updates_of
from backstamp.app.settings import Settings
from backstamp.verdicts.published import STALE_DAYS, freshness


def signatures(settings: Settings) -> Iterator[Finding]:
    """Are the published lists of networks of this month?"""
    today = datetime.datetime.now(datetime.UTC).date()
    found = list(freshness(updates_of(settings), today))
    stale = [each for each in found if each.stale]
    if stale:
        oldest = max(stale, key=lambda each: each.days)
        yield note(
            "signatures",
            f"{len(stale)} of {len(found)} lists of networks are older than {STALE_DAYS} days "
            f"({oldest.name}: {oldest.days} days)",
            "run: backstamp signatures update (or --from FOLDER where there is no internet)",
        )
    else:
        yield good(
            "signatures", f"{len(found)} lists of networks, the oldest of {min(f.as_of for f in found)}"
        )
