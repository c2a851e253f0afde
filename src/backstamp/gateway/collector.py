"""collector: Python's cycle collector, for a process whose mails are gone without it most times."""

import gc
from typing import Final

_NEW_OBJECTS: Final = 10_000
"""After so many new objects the young ones are looked at: what the mails at hand are made of is far less."""


def spare_the_collector() -> None:
    """Look for cycles seldom, and never among what is there now: it took a thirtieth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
