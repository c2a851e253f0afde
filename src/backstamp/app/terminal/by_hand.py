"""Changes that are made on the command line: by whom, and when they are in force."""

import getpass
import os
from typing import Final

OBEYED: Final = "the gateway and the edge obey within two seconds while the worker runs"
"""Said of what is published with the policy."""


def by_hand() -> str:
    """Return how records and console name whoever types: by the user's name.

    Or by their number where they have none, as in a container.
    """
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"user {os.getuid()}"
    return f"{name}, command line"
