"""Hits that could not be recorded: counted one by one, told now and then."""

import logging
import time
from typing import Final

REPEAT_SECONDS: Final = 10.0
"""A full disk under load must not fill the log too."""


class Losses:
    """Counts lost hits, and says so loudly: at once, then every ten seconds, then when it is over."""

    def __init__(self, log: logging.Logger) -> None:
        self.total = 0
        self.pending = 0
        self._log = log
        self._say_at = 0.0

    def count(self, reason: str) -> None:
        """Count a hit that was answered and not recorded."""
        self.total += 1
        self.pending += 1
        now = time.monotonic()
        if now >= self._say_at:
            self._say_at = now + REPEAT_SECONDS
            self._log.critical("hits are being LOST (%d since it began): %s", self.pending, reason)

    def end(self) -> None:
        """Say that hits are recorded again."""
        self._log.critical("hits are recorded again; %d were lost", self.pending)
        self.pending = 0
        self._say_at = 0.0
