"""Where the worker's mailboxes take mail, and who gets the mail: also the gateway sends there."""

from typing import Final

from backstamp.app.settings import Settings, SettingsError
from backstamp.app.settings.table import CAPTURE_LISTEN, DATA_DIR, GATEWAY_NEXT_HOP, Setting

LONGEST_SOCKET_PATH: Final = 107
"""Linux's `sun_path` holds 108 bytes with the final NUL (unix(7))."""


def socket_address(settings: Settings, setting: Setting[str]) -> str:
    """Return "unix:/absolute/path", "HOST:PORT", or what is empty. Raises `SettingsError` for a long path."""
    listen = settings[setting]
    if not listen.startswith("unix:"):
        return listen
    path = settings[DATA_DIR] / listen.removeprefix("unix:")
    if len(str(path).encode()) > LONGEST_SOCKET_PATH:
        raise SettingsError(
            f"{setting.name}: {path} is longer than {LONGEST_SOCKET_PATH} bytes, the most a socket may have; "
            'choose a shorter data_dir, or set it to a port, for example "127.0.0.1:2526"'
        )
    return f"unix:{path}"


def next_hop_address(settings: Settings) -> str:
    """Return the next hop's address: the capture mailbox's where none is set. Raises `SettingsError`."""
    if settings[GATEWAY_NEXT_HOP]:
        return settings[GATEWAY_NEXT_HOP]
    address = socket_address(settings, CAPTURE_LISTEN)
    path = address.removeprefix("unix:")
    return f"lmtp://{address}" if path == address else f"lmtp+unix:{path}"
