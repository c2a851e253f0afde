"""Hits without a break from several clients, and the times in which one of them may fail."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Final

from backstamp.edge.replies.prepared import GIF
from backstamp.tokens import seal_link, seal_pixel
from backstamp.tokens.tracking_ids import first_at
from tests.e2e.server import Server

FOREVER: Final = float("inf")
CLIENTS: Final = 4
PAUSE_SECONDS: Final = 0.004


@dataclass(frozen=True)
class Failure:
    """A request without its right answer. `began` is when the connection was last known to be good."""

    began: float
    ended: float
    fault: str


class Outages:
    """When no answer could be expected; a failure at any other time is a fault of the edge."""

    def __init__(self) -> None:
        self._times: list[list[float]] = []

    @contextmanager
    def during(self) -> Iterator[None]:
        """Excuse what fails in this block."""
        span = [time.monotonic(), FOREVER]
        self._times.append(span)
        yield
        span[1] = time.monotonic()

    def excuse(self, failure: Failure) -> bool:
        """Whether the request was under way in an outage."""
        return any(failure.began <= end and start <= failure.ended for start, end in self._times)

    def seconds(self) -> float:
        """How long they were, all together."""
        return sum(end - start for start, end in self._times)


class HitLoad:
    """Opens and clicks in the background until the block ends, each with a User-Agent of its own.

    Half of the clients keep their connection, and half open one for each request.
    """

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.acknowledged: list[str] = []
        self.failures: list[Failure] = []
        self._ring = server.keyring()
        self._first = first_at(time.time())
        """Messages that are not there, but young enough to come yet."""
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._hit, args=(n,)) for n in range(CLIENTS)]

    def __enter__(self) -> "HitLoad":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def unexcused(self, outages: Outages) -> list[Failure]:
        """The failures at a time when an edge worker lived that nobody had killed."""
        return [failure for failure in self.failures if not outages.excuse(failure)]

    def _hit(self, client: int) -> None:
        kept = client % 2 == 0
        connection, good_at = self._connection(), time.monotonic()
        for n in itertools.count():
            if self._done.is_set():
                break
            name = f"{self.name}-{client}-{n}"
            try:
                self._ask(connection, name, self._first + client * 1_000_000 + n, as_link=n % 3 == 0)
            except (HTTPException, OSError, AssertionError) as error:
                self.failures.append(Failure(good_at, time.monotonic(), f"{name}: {error!r}"))
                connection.close()
                time.sleep(0.02)
            else:
                self.acknowledged.append(name)
                if not kept:
                    connection.close()
            if connection.sock is None:
                connection = self._connection()
            good_at = time.monotonic()
            time.sleep(PAUSE_SECONDS)
        connection.close()

    def _connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.server.edge, timeout=20)

    def _ask(self, connection: HTTPConnection, name: str, tracking_id: int, *, as_link: bool) -> None:
        url = f"https://www.example.com/{name}"
        token = (
            seal_link(
                self._ring,
                domain_id=0,
                tracking_id=tracking_id,
                recipient_index=0,
                link_number=1,
                url=url,
            )
            if as_link
            else seal_pixel(self._ring, domain_id=0, tracking_id=tracking_id)
        )
        connection.request("GET", f"/{token}", headers={"User-Agent": name})
        reply = connection.getresponse()
        body = reply.read()
        if as_link:
            assert (reply.status, reply.getheader("location")) == (302, url), reply.status
        else:
            assert (reply.status, body) == (200, GIF), reply.status
