"""A bound on what a request may carry: Django writes any body to disk before it asks who sent it."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

LARGEST_BODY: Final = 1_000_000
"""Bytes; the largest honest one is the form of a pixel with a hundred thousand characters of links."""

Event = Mapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Coroutine[Any, Any, None]]
"""An ASGI application, as Django spells it."""

_WHY: Final = f"Too large: a form, with its file, holds at most {LARGEST_BODY:,} bytes.\n".encode()
"""Browsers show a page of their own in the place of an empty answer, and it says nothing."""
_TOO_LARGE: Final[tuple[Event, ...]] = (
    {
        "type": "http.response.start",
        "status": 413,
        "headers": [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"x-content-type-options", b"nosniff"),
            (b"content-length", b"%d" % len(_WHY)),
            (b"connection", b"close"),
        ],
    },
    {"type": "http.response.body", "body": _WHY},
)


def bounded(application: Application) -> Application:
    """Return the application behind the bound.

    What is too much is answered with 413: unread where a length announces it, else as soon as it is seen.
    """

    async def answer(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if _announced(scope) > LARGEST_BODY:
            await _refuse(send)
            return
        room = LARGEST_BODY

        async def receive_bounded() -> Event:
            nonlocal room
            event = await receive()
            room -= len(event.get("body", b""))
            return {"type": "http.disconnect"} if room < 0 else event

        await application(scope, receive_bounded, send)
        if room < 0:
            # An application says nothing to somebody who has left.
            await _refuse(send)

    return answer


async def _refuse(send: Send) -> None:
    for event in _TOO_LARGE:
        await send(event)


def _announced(scope: dict[str, Any]) -> int:
    """Return the Content-Length; nonsense in it is the server's business, and was refused by it."""
    lengths = (bytes(value) for name, value in scope["headers"] if bytes(name) == b"content-length")
    return max((int(length[:20]) for length in lengths if length.isdigit()), default=0)
