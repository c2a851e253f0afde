"""The file of what publishers of lists have answered: written by the worker, read by edge and gateway."""

import logging
import time
from pathlib import Path
from typing import Final

from backstamp.journal.replacing import replace_file
from backstamp.threats.answers import Answers, decode_answers, encode_answers

_log = logging.getLogger("backstamp.journal")

FILE_NAME: Final = "threats.answers"
RECHECK_SECONDS: Final = 0.5
"""Somebody may be waiting before the page that says a link is being checked."""


class AnswersFile:
    """The newest answers that could be read; the last good ones when the file is gone or damaged."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self._answers = Answers()
        self._signature: tuple[int, int, int] | None = None
        self._failing = False
        self._check_at = 0.0

    def answers(self) -> Answers:
        """Return the answers; none where nobody was asked yet. Cheap."""
        now = time.monotonic()
        if now >= self._check_at:
            self._check_at = now + RECHECK_SECONDS
            self._look()
        return self._answers

    def _look(self) -> None:
        try:
            status = self._path.stat()
            signature = (status.st_ino, status.st_mtime_ns, status.st_size)
            if signature == self._signature:
                return
            data = self._path.read_bytes()
            # Remembered even when it is damaged: said once, and not tried until it changes.
            self._signature = signature
            self._answers = decode_answers(data)
        except FileNotFoundError:
            return
        except ValueError as error:
            self._tell(str(error))
        except OSError as error:
            if not self._failing:
                self._tell(error.strerror or "it cannot be read")
            self._failing = True
        else:
            self._failing = False

    def _tell(self, why: str) -> None:
        _log.error("%s: %s; the last good answers stay in force", self._path.name, why)


def publish_answers(path: Path, answers: Answers) -> None:
    """Put answers in the place of the old ones. Raises OSError."""
    replace_file(path, encode_answers(answers))
