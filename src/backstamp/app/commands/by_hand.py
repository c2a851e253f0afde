"""Who changes something on the command line, as the records and the console's lists name them."""

import getpass
import os


def by_hand() -> str:
    """Return the user's name, or their number where they have none, as in a container."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"user {os.getuid()}"
    return f"{name}, command line"
