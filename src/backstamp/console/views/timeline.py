"""Live pages: a stream of "something changed" events; the page then fetches its fragment anew."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from django.db import Error as DatabaseError
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from backstamp.console.live.pace import Pace
from backstamp.console.live.watching import ALL, EndsError, Followed, Watching, watching

HEARTBEAT_SECONDS: Final = 15.0
"""Proxies commonly cut a silent connection after 30 to 60 seconds."""
LIFETIME_SECONDS: Final = 300.0
"""Then the stream ends and the browser asks again: a viewer who signed out is not told for ever."""

pace: Final = Pace()
"""Of this process."""


@require_GET
async def list_changes(request: HttpRequest) -> HttpResponseBase:
    """Stream a `changed` event whenever any message changes."""
    return _stream(ALL, _seen(request))


@require_GET
async def message_changes(request: HttpRequest, key: int) -> HttpResponseBase:
    """Stream a `changed` event whenever one message changes."""
    return _stream(key, _seen(request))


def _seen(request: HttpRequest) -> int:
    """Return the version that the viewer has: what the page was made from, or the last event it got."""
    text = request.headers.get("Last-Event-ID") or request.GET.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _stream(followed: Followed, seen: int) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        change_events(watching, followed, seen), content_type="text/event-stream"
    )
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def change_events(watching: Watching, followed: Followed, seen: int) -> AsyncIterator[str]:
    """Yield server-sent events: one for each new version, comments as heartbeat, an end after a while.

    Of versions that come faster than viewers are told of them (`pace`) some are left out.

    While the database is away it ends, and when this process does: the browser asks again. Raises
    `asyncio.CancelledError` when the viewer leaves.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + LIFETIME_SECONDS
    yield "retry: 2000\n\n"
    try:
        while (left := end - clock()) > 0:
            current = await watching.next_version(followed, seen, min(HEARTBEAT_SECONDS, left))
            if current is None:
                yield ": still here\n\n"
                continue
            seen = current
            turn = pace.turn(clock())
            while (left := turn - clock()) > HEARTBEAT_SECONDS:
                await watching.pause(HEARTBEAT_SECONDS)
                yield ": still here\n\n"
            await watching.pause(max(0.0, left))
            yield f"id: {current}\nevent: changed\ndata: {current}\n\n"
    except (DatabaseError, EndsError):
        return
