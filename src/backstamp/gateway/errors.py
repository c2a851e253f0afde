"""errors: what is wrong with configuration or surroundings, in one line each; where a fault of ours was."""

import traceback
from pathlib import Path

from backstamp.listening import reason_and_way


def place_of(error: BaseException) -> str:
    """Return what kind of fault it is and where it was raised, for the log.

    Neither the exception's text nor the source line: they may hold addresses.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "an unknown place"
    return f"{type(error).__name__} in {where}"


class ConfigError(ValueError):
    """The configuration cannot be used; the message says what is wrong and what to do."""


class ListenError(OSError):
    """A listener cannot be opened; the message says which, why, and what to do."""

    @classmethod
    def of(cls, setting: str, listen: str, error: OSError) -> "ListenError":
        """Return what is to be raised where a setting's address cannot be listened on."""
        reason, way = reason_and_way(error)
        return cls(f"{setting}: cannot listen on {listen}: {reason}; {way}")
