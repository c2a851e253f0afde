"""own_hosts: the addresses of this machine that a setting says we listen on."""

import asyncio
import logging

from backstamp.gateway.addresses import parse_listen
from backstamp.listening import addresses, own_addresses

_log = logging.getLogger("backstamp.gateway")


async def own_hosts(name: str, text: str) -> tuple[list[str], int]:
    """Return the IP addresses and the port that the setting `name` says, and tell which this machine lacks.

    Raises `ConfigError`, `OSError`.
    """
    host, port = parse_listen(name, text)
    found = await asyncio.to_thread(own_addresses, host, port)
    for each in await asyncio.to_thread(addresses, host, port):
        if each not in found:
            _log.warning("%s: not on %s, which %s is and this machine has not", name, each.ip, host)
    return [each.ip for each in found], port
