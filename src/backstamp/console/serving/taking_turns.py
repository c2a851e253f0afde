"""How many requests have a connection with the database at the same time: some, and the others wait a moment.

Under ASGI each request has a thread of its own, which keeps its connection until the whole answer is sent: a
live page for minutes. And when something is new, all live pages ask at once: three hundred of them wanted
three hundred connections of a server that gives a hundred.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Final

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware

MOST_AT_ONCE: Final = 16
"""One process computes them all, so more are no quicker; a few may wait for the database or a mail server."""


@async_only_middleware
def TakingTurnsMiddleware(  # noqa: N802 (named as Django's are)
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """Let so many in, and give their connections back as soon as the answer is there, before it is sent."""
    turns = asyncio.Semaphore(MOST_AT_ONCE)

    async def answer(request: HttpRequest) -> HttpResponseBase:
        # Where a viewer leaves, asgiref may say here that we are in a thread which has ended by now.
        before = copy_context()
        async with turns:
            try:
                return await get_response(request)
            finally:
                closing = sync_to_async(connections.close_all)
                await asyncio.create_task(closing(), context=before)

    return answer
