"""dialling: a TCP connection with a host, by whichever of its addresses answers first (RFC 8305).

asyncio tries one address after the other, and uvloop knows no other way: one that drops what is sent to it
would use up all the time there is, though the next one is well.  Both look names up in threads that many
share, and asyncio waits for those at its end: a resolver that does not answer would keep us beyond any limit.
"""

import socket
from collections.abc import Callable
from typing import Final

from aiohappyeyeballs import AddrInfoType, start_connection

from backstamp.own_threads import in_own_thread

HEAD_START: Final = 0.25
"""Seconds that an address has before the next one is tried beside it (RFC 8305 §5)."""


class UnsuitableError(OSError):
    """A host has addresses, and none of those that it was to be called by."""


async def dial(host: str, port: int, *, suits: Callable[[str], bool] | None = None) -> socket.socket:
    """Return a connection, not blocking; the caller says how long it may take. Raises `OSError`.

    Where `suits` is given, addresses that do not suit are not called.
    """
    addresses = await _addresses(host, port)
    if suits is not None:
        addresses = [each for each in addresses if suits(str(each[4][0]))]
        if not addresses:
            raise UnsuitableError
    return await start_connection(addresses, happy_eyeballs_delay=HEAD_START)


async def _addresses(host: str, port: int) -> list[AddrInfoType]:
    def look_up(flags: int = 0) -> list[AddrInfoType]:
        return [*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)]

    try:
        return look_up(socket.AI_NUMERICHOST)
    except socket.gaierror:
        return await in_own_thread(look_up)
