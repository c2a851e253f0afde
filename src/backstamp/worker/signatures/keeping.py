"""Once a day, while the worker runs, ask for newer copies of the published lists."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Final

from backstamp.own_threads import in_own_thread
from backstamp.shared_files import SignatureFile
from backstamp.verdicts.published import LISTS, Updates
from backstamp.worker.parts.running import wait
from backstamp.worker.signatures.refreshing import Outcome, refresh

log = logging.getLogger("backstamp.worker")

FIRST_SECONDS: Final = 600.0
"""After the start: a worker that is started again and again asks nobody each time."""
RETRY_SECONDS: Final = 6 * 3600.0
DAY_SECONDS: Final = 86_400.0


class SignatureKeeping:
    """Keeps the file at `path` not older than a day; where there is no internet it says so and goes on."""

    def __init__(self, path: Path, first_seconds: float = FIRST_SECONDS) -> None:
        self._path = path
        self._first_seconds = first_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Ask when it is time, until `stop` is set. Raises OSError where the file cannot be written."""
        pause = self._first_seconds
        while not await wait(stop, pause):
            due = due_at(SignatureFile(self._path).updates()) - time.time()
            if 0 < due <= DAY_SECONDS:  # later: a clock was wrong when the lists were looked at
                pause = due
                continue
            outcomes = await in_own_thread(self._refresh)
            failed = [outcome for outcome in outcomes if not outcome.good]
            for outcome in failed:
                log.warning("signatures of %s: %s", outcome.name, outcome.text)
            log.info("%d of %d lists of networks are of today", len(outcomes) - len(failed), len(outcomes))
            pause = RETRY_SECONDS if failed else DAY_SECONDS

    def _refresh(self) -> list[Outcome]:
        return list(refresh(self._path))


def due_at(updates: Updates) -> float:
    """Return when the next look is due: a day after that at the list that was looked at longest ago."""
    copies = [updates.copy(published.name) for published in LISTS]
    return min((copy.checked_at if copy is not None else 0) for copy in copies) + DAY_SECONDS
