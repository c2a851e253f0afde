"""What a form sends: read to an end, a limit, or until waiting is over."""

import asyncio
from typing import Final

from backstamp.edge.replies import BodyProtocol

BODY_SECONDS: Final = 10.0


async def read_body(proto: BodyProtocol, limit: int) -> bytes | None:
    """Return a request's body, or None where it is longer than `limit` octets or does not come."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in proto:
                body += piece
                if len(body) > limit:
                    return None
    except TimeoutError:
        return None
    return body
