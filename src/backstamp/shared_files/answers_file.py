"""The file of what publishers of lists have answered: written by the worker, read by edge and gateway."""

from pathlib import Path
from typing import Final

from backstamp.shared_files.replacing import replace_file
from backstamp.shared_files.shared_file import SharedFile
from backstamp.threats.answers import Answers, decode_answers, encode_answers

RECHECK_SECONDS: Final = 0.5
"""Somebody may be waiting before the page that says a link is being checked."""


class AnswersFile(SharedFile[Answers]):
    """The newest answers; none where nobody was asked yet."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        super().__init__(
            path,
            lambda file: decode_answers(file.read_bytes()),
            nothing=Answers(),
            recheck_seconds=RECHECK_SECONDS,
            in_force="the last good answers stay in force",
        )


def publish_answers(path: Path, answers: Answers) -> None:
    """Put answers in the place of the old ones. Raises OSError."""
    replace_file(path, encode_answers(answers))
