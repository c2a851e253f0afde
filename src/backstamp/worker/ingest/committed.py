"""How far the database had the journal when the worker last deleted any: what whoever answers must know.

A standby that was promoted, or a backup, may know less; and of what was deleted since there is nothing left
that could tell. So it is noted beside the journal, also for a worker that is started with another
`database.url`.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from backstamp.journal.layout import segments
from backstamp.shared_files.replacing import replace_file

FILE_NAME: Final = "ingested"


class Committed:
    """The note in the journal's directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / FILE_NAME
        self._noted = self._read()

    @property
    def positions(self) -> Mapping[str, int]:
        """How far each producer was ingested, as far as that is noted."""
        return self._noted

    def note(self, producers: Iterable[str], stored: Mapping[str, int]) -> None:
        """Note what the database has of these producers, and of those before that it has not forgotten.

        Where nothing can be written nothing can be deleted either, or the disk is full and room is made.
        """
        known = {name: stored[name] for name in {*producers, *self._noted} if name in stored}
        if known != self._noted:
            with suppress(OSError):
                replace_file(self._path, msgspec.json.encode(known))
                self._noted = known

    def forget(self) -> None:
        """Begin anew, with a database that knows less."""
        self._noted = {}
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def lost(self, known: Mapping[str, int], stored: Mapping[str, int]) -> int:
        """Return how many bytes that were ingested up to `known` neither the database nor the journal has."""
        return sum(self._gone(name, stored.get(name, 0), at) for name, at in known.items())

    def _gone(self, producer: str, stored: int, known: int) -> int:
        left = segments(self._directory, producer)
        return max(0, min(known, left[0].start if left else known) - stored)

    def _read(self) -> dict[str, int]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        except (OSError, msgspec.MsgspecError):
            return {}
