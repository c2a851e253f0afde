"""Acting over real HTTP, each act at its time, as a trusted proxy in front of the edge would hand it on."""

import heapq
import http.client
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import msgspec

from backstamp.app.simulator.schedule import Act
from backstamp.vocabulary import Actor

SECONDS: Final = 10.0
AT_ONCE: Final = 8
"""Most requests at the same time."""


class Request(msgspec.Struct, frozen=True, order=True):
    """An act with its time (seconds since 1970), and what is asked for."""

    due: float
    number: int
    tracking_id: int
    link_number: int | None
    token: str
    act: Act


class Played(msgspec.Struct, frozen=True):
    """A line of the truth file: who asked for what, between which two moments (microseconds since 1970)."""

    actor: str
    truth: Actor
    tracking_id: int
    link_number: int | None
    user_agent: str
    asked_us: int
    answered_us: int
    status: int


class Stage:
    """Takes requests at any time, and makes each when it is due."""

    def __init__(
        self, edge: tuple[str, int], host: str, per_second: float, tell: Callable[[Played], None]
    ) -> None:
        """`host` is that of the tracking URL; `tell` is called in the thread of `play_until`."""
        self._edge, self._host, self._pause, self._tell = edge, host, 1 / per_second, tell
        self._waiting: list[Request] = []
        self._under_way: set[Future[Played]] = set()
        self._threads = ThreadPoolExecutor(AT_ONCE)

    def add(self, request: Request) -> None:
        """Take a request."""
        heapq.heappush(self._waiting, request)

    def play_until(self, end: float | None) -> None:
        """Make what falls due up to `end` (seconds since 1970), or all there is. Raises `OSError`."""
        while self._waiting and (end is None or self._waiting[0].due <= end):
            request = heapq.heappop(self._waiting)
            time.sleep(max(self._pause, request.due - time.time()))
            self._under_way.add(self._threads.submit(self._ask, request))
            self._collect(wait=False)
        if end is None:
            self._collect(wait=True)

    def close(self) -> None:
        """Forget what has not begun."""
        self._threads.shutdown(cancel_futures=True)

    def _collect(self, *, wait: bool) -> None:
        for future in [each for each in self._under_way if wait or each.done()]:
            self._under_way.discard(future)
            self._tell(future.result())

    def _ask(self, request: Request) -> Played:
        act = request.act
        connection = http.client.HTTPConnection(*self._edge, timeout=SECONDS)
        headers = act.headers | {"host": self._host, "x-forwarded-for": act.address}
        asked = time.time_ns() // 1000
        try:
            connection.request("GET", f"/{request.token}", headers=headers)
            reply = connection.getresponse()
            reply.read()
        except http.client.HTTPException:
            raise OSError("the edge gave no answer") from None
        finally:
            connection.close()
        return Played(
            act.actor,
            act.truth,
            request.tracking_id,
            request.link_number,
            act.headers["user-agent"],
            asked,
            time.time_ns() // 1000,
            reply.status,
        )
