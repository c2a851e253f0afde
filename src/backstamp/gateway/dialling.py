"""dialling: a TCP connection with a host, by whichever of its addresses answers first (RFC 8305).

asyncio tries one address after the other, and uvloop knows no other way: one that drops what is sent to it
would use up all the time there is, though the next one is well.
"""

import asyncio
import socket
from typing import Any, Final

HEAD_START: Final = 0.25
"""Seconds that an address has before the next one is tried beside it (RFC 8305 §5)."""


async def dial(host: str, port: int) -> socket.socket:
    """Return a connection, not blocking; the caller says how long it may take. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    waiting = list(dict.fromkeys(await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    tries: set[asyncio.Task[socket.socket]] = set()
    failure: OSError = OSError("the name has no address")
    try:
        while waiting or tries:
            if waiting:
                tries.add(asyncio.create_task(_connected(waiting.pop(0))))
            done, tries = await asyncio.wait(
                tries, timeout=HEAD_START if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            while done:
                attempt = done.pop()
                try:
                    connection = attempt.result()
                except OSError as error:
                    failure = error
                else:
                    tries |= done
                    return connection
    finally:
        for each in tries:
            each.cancel()
            each.add_done_callback(_close_late)
    raise failure


async def _connected(found: tuple[int, int, int, str, tuple[Any, ...]]) -> socket.socket:
    family, kind, protocol, _, address = found
    connection = socket.socket(family, kind, protocol)
    try:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def _close_late(attempt: "asyncio.Task[socket.socket]") -> None:
    """One that came through in the very moment in which another was taken."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()
