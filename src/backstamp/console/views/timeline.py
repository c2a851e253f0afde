"""Live pages: a stream of "something changed" events; the page then fetches its fragment anew."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from asgiref.sync import sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from backstamp.records.changes import message_version, newest_version

POLL_SECONDS: Final = 0.5
HEARTBEAT_SECONDS: Final = 15.0
"""Proxies commonly cut a silent connection after 30 to 60 seconds."""
LIFETIME_SECONDS: Final = 300.0
"""Then the stream ends and the browser asks again: a viewer who signed out is not told for ever."""


@require_GET
async def list_changes(request: HttpRequest) -> HttpResponseBase:
    """Stream a `changed` event whenever any message changes."""
    return _stream(newest_version, _seen(request))


@require_GET
async def message_changes(request: HttpRequest, key: int) -> HttpResponseBase:
    """Stream a `changed` event whenever one message changes."""
    return _stream(lambda: message_version(key), _seen(request))


def _seen(request: HttpRequest) -> int:
    """Return the version that the viewer has: what the page was made from, or the last event it got."""
    text = request.headers.get("Last-Event-ID") or request.GET.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _stream(version: Callable[[], int], seen: int) -> StreamingHttpResponse:
    response = StreamingHttpResponse(change_events(version, seen), content_type="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def change_events(version: Callable[[], int], seen: int) -> AsyncIterator[str]:
    """Yield server-sent events: one for each new version, comments as heartbeat, an end after a while.

    Raises `asyncio.CancelledError` when the viewer leaves.
    """
    read = sync_to_async(version)
    clock = asyncio.get_running_loop().time
    end = clock() + LIFETIME_SECONDS
    spoken = clock()
    yield "retry: 2000\n\n"
    while clock() < end:
        current = await read()
        if current != seen:
            seen = current
            spoken = clock()
            yield f"id: {current}\nevent: changed\ndata: {current}\n\n"
        elif clock() - spoken >= HEARTBEAT_SECONDS:
            spoken = clock()
            yield ": still here\n\n"
        await asyncio.sleep(POLL_SECONDS)
