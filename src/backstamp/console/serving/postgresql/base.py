"""Connections that wait for the next request, in whichever thread that comes.

Under ASGI each request has a thread of its own, so Django's `CONN_MAX_AGE` keeps nothing; a new connection,
whose server process knows no table yet, made a page of 15 ms one of 45 ms. A pool that hands out a number of
connections would run dry when a request is cut off and never gives its own back. Here nobody waits: who finds
none makes one, and one that is lost is closed with its object.
"""

from collections import deque
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from django.db.backends.postgresql import base
from psycopg import Connection, Error
from psycopg.pq import TransactionStatus

MOST_WAITING: Final = 8
SECONDS: Final = 60.0
"""So long may one wait: firewalls forget silent connections, and whoever asks such a one waits for ever."""

_waiting: Final[deque[tuple[float, Connection[Any]]]] = deque()
"""Since when (`monotonic`), the latest last: it is used first, so that of many the rest are closed."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of one thread, which comes from those that wait and goes back to them."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection[Any]:
        """Return one that waits and still answers, else a new one. Raises `psycopg.Error`."""
        with suppress(IndexError):
            while True:  # of a server that was restarted all are dead
                since, connection = _waiting.pop()
                if monotonic() - since < SECONDS and _answers(connection):
                    return connection
                connection.close()
        made: Connection[Any] = super().get_new_connection(conn_params)
        return made

    def _close(self) -> None:
        connection: Connection[Any] | None = self.connection
        if connection is None:
            return
        if _clean(connection):
            _waiting.append((monotonic(), connection))
        else:
            with self.wrap_database_errors:
                connection.close()
        _close_what_waits_too_long()


def _close_what_waits_too_long() -> None:
    with suppress(IndexError):
        while len(_waiting) > MOST_WAITING or monotonic() - _waiting[0][0] >= SECONDS:
            _waiting.popleft()[1].close()


def _clean(connection: Connection[Any]) -> bool:
    """Whether nothing of what one request did is left for another to see."""
    idle = connection.info.transaction_status == TransactionStatus.IDLE
    return idle and connection.autocommit and not connection.closed


def _answers(connection: Connection[Any]) -> bool:
    try:
        connection.execute("SELECT 1")
    except Error:
        return False
    return True
