"""The name by which other mail servers know us."""

import socket

from backstamp.app.settings import Settings
from backstamp.app.settings.table import GATEWAY_HOSTNAME


def own_name(settings: Settings) -> str:
    """Return what stands in our greetings and Received fields."""
    return settings[GATEWAY_HOSTNAME] or socket.getfqdn()
