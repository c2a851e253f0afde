"""Bounds on what a request may carry, and on how long that takes.

Django waits for any body, and writes it to disk, before it asks who sent it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

LARGEST_BODY: Final = 1_000_000
"""Bytes; the largest honest one is the form of a pixel with a hundred thousand characters of links."""
BODY_SECONDS: Final = 60.0
"""So long may the whole of it take, which is 17 KB/s. Granian itself waits for ever, with one of the 1,024
connections that it has: so many strangers who announced a form and sent none kept everybody out.
"""

Event = Mapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Coroutine[Any, Any, None]]
"""An ASGI application, as Django spells it."""


def _refusal(status: int, why: str) -> tuple[Event, ...]:
    """Return an answer in words: browsers show a page of their own in the place of an empty one."""
    body = f"{why}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    return (
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


_TOO_LARGE: Final = _refusal(413, f"Too large: a form, with its file, holds at most {LARGEST_BODY:,} bytes.")
_TOO_LATE: Final = _refusal(408, f"Too late: a form has to be here within {BODY_SECONDS:.0f} seconds.")


def bounded(application: Application, seconds: float = BODY_SECONDS) -> Application:
    """Return the application behind the bounds.

    What is too much is answered with 413: unread where a length announces it, else as soon as it is seen.
    What is not there within so many seconds is answered with 408.
    """

    async def answer(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if _announced(scope) > LARGEST_BODY:
            await _refuse(send, _TOO_LARGE)
            return
        room = LARGEST_BODY
        ends = asyncio.get_running_loop().time() + seconds
        comes = True
        refusal: tuple[Event, ...] | None = None

        async def receive_bounded() -> Event:
            nonlocal room, comes, refusal
            if not comes:  # an application waits here until its client leaves
                return await receive()
            try:
                async with asyncio.timeout_at(ends):
                    event = await receive()
            except TimeoutError:
                refusal = _TOO_LATE
                return {"type": "http.disconnect"}
            comes = event.get("more_body", False)
            room -= len(event.get("body", b""))
            if room < 0:
                refusal = _TOO_LARGE
                return {"type": "http.disconnect"}
            return event

        await application(scope, receive_bounded, send)
        if refusal is not None:
            # An application says nothing to somebody who has left.
            await _refuse(send, refusal)

    return answer


async def _refuse(send: Send, refusal: tuple[Event, ...]) -> None:
    for event in refusal:
        await send(event)


def _announced(scope: dict[str, Any]) -> int:
    """Return the Content-Length; nonsense in it is the server's business, and was refused by it."""
    lengths = (bytes(value) for name, value in scope["headers"] if bytes(name) == b"content-length")
    return max((int(length[:20]) for length in lengths if length.isdigit()), default=0)
