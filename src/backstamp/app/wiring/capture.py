"""Where the capture mailbox takes mail: the worker listens there, the gateway sends there."""

from typing import Final

from backstamp.app.settings import Settings, SettingsError
from backstamp.app.settings.table import CAPTURE_LISTEN, DATA_DIR

LONGEST_SOCKET_PATH: Final = 107
"""Linux's `sun_path` holds 108 bytes with the final NUL (unix(7))."""


def capture_address(settings: Settings) -> str:
    """Return "unix:/absolute/path" or "HOST:PORT". Raises `SettingsError` for a path that is too long."""
    listen = settings[CAPTURE_LISTEN]
    if not listen.startswith("unix:"):
        return listen
    path = settings[DATA_DIR] / listen.removeprefix("unix:")
    if len(str(path).encode()) > LONGEST_SOCKET_PATH:
        raise SettingsError(
            f"capture.listen: {path} is longer than {LONGEST_SOCKET_PATH} bytes, the most a socket may have; "
            'choose a shorter data_dir, or set it to a port, for example "127.0.0.1:2526"'
        )
    return f"unix:{path}"
