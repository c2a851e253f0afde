"""Standard input and output, as whoever starts us left them: closed, full, or with a reader that has gone."""

import os
import sys
from pathlib import Path


def open_missing() -> None:
    """Put something in the place of what is closed, as some schedulers start programs.

    There is nothing to read then, and what is written fails as any write to a closed file does: a message
    that nobody gets must not look as if it was handed on.
    """
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - until the end
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")


def let_go_of_output() -> None:
    """Write what is still to be said, or forget it: Python tries again at its end, and complains itself."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
