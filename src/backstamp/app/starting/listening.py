"""All addresses on which roles listen, and that they can be had before any role is started.

A supervisor that lets a role try again and again looks well to systemd, though nobody takes the mail.
"""

import time
from typing import Final

from backstamp.app.settings import Setting, Settings, table
from backstamp.app.settings.addresses import split_host_port
from backstamp.app.settings.table import CONSOLE_LISTEN, EDGE_LISTEN
from backstamp.http_listener import PortTakenError, free_address, taken
from backstamp.listening import Address, addresses, own_addresses, try_to_have

LISTENERS: Final[tuple[Setting[str], ...]] = tuple(each for each in table() if each.name.endswith("listen"))
"""Empty: nobody listens. "unix:PATH": a socket, which gives way where nobody answers there any more."""

_BY_ONE_ADDRESS: Final = frozenset({EDGE_LISTEN.name, CONSOLE_LISTEN.name})
"""Granian takes one address of a name. The others listen on all that it has and this machine, too."""

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
            _try_to_have(name, host, port)
        except PortTakenError:
            if time.monotonic() >= end:
                raise
        else:
            return
        time.sleep(0.05)


def by_one_address(name: str) -> bool:
    """Whether the role of this setting listens on one address of a name."""
    return name in _BY_ONE_ADDRESS


def listened_on(name: str, host: str, port: int) -> list[Address]:
    """Return the addresses on which the role of the setting `name` listens. Raises `OSError`."""
    return addresses(host, port)[:1] if by_one_address(name) else own_addresses(host, port)


def _try_to_have(name: str, host: str, port: int) -> None:
    if by_one_address(name):
        free_address(name, host, port)
        return
    where = f"{host}:{port}"
    try:
        for address in listened_on(name, host, port):
            where = f"{host}:{port}" if address.ip == host else f"{host}:{port}, {address.ip},"
            try_to_have(address, v6_only=True)
    except OSError as error:
        raise taken(name, where, error) from None
