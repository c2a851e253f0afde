"""What a form sends: read to an end, a limit, or until waiting is over."""

import asyncio
from collections.abc import AsyncIterable
from typing import Final

from backstamp.edge.requests.scope import Scope

BODY_SECONDS: Final = 10.0
MOST_EMPTY: Final = 16
"""Empty pieces in a row. Granian ends a body with one or two. One that broke off over HTTP/2 it gives as
empty pieces without end: to take them until the time was over cost a processor for ten seconds."""


async def read_body(scope: Scope, pieces: AsyncIterable[bytes], limit: int) -> bytes | None:
    """Return a request's body; None where it is longer than `limit` octets, cut short, or does not come."""
    body = b""
    empty = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in pieces:
                body += piece
                empty = 0 if piece else empty + 1
                if len(body) > limit or empty > MOST_EMPTY:
                    return None
    except TimeoutError:
        return None
    declared = scope.headers.get("content-length")
    cut = declared is not None and declared.isdecimal() and int(declared) != len(body)
    return None if cut else body
