"""All addresses on which roles listen, and that they can be had before any role is started.

A supervisor that lets a role try again and again looks well to systemd, though nobody takes the mail.
"""

import time
from typing import Final

from backstamp.app.settings import Setting, Settings, table
from backstamp.app.settings.kinds import split_host_port
from backstamp.http_listener import PortTakenError, free_address

LISTENERS: Final[tuple[Setting[str], ...]] = tuple(each for each in table() if each.name.endswith("listen"))
"""Empty: nobody listens. "unix:PATH": a socket, which gives way where nobody answers there any more."""

PATIENCE_SECONDS: Final = 3.0
"""The roles of a server that was killed a moment ago need about as long to go."""


def refuse_taken(settings: Settings) -> None:
    """Raise `PortTakenError` where an address stays taken."""
    end = time.monotonic() + PATIENCE_SECONDS
    for setting in LISTENERS:
        listen = settings[setting]
        if listen and not listen.startswith("unix:"):
            _wait_for(setting.name, *split_host_port(listen), end)


def _wait_for(name: str, host: str, port: int, end: float) -> None:
    while True:
        try:
            free_address(name, host, port)
        except PortTakenError:
            if time.monotonic() >= end:
                raise
        else:
            return
        time.sleep(0.05)
