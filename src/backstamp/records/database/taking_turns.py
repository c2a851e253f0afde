"""Transactions that change events, and what is counted of them, take turns.

SQLite lets one write at a time. PostgreSQL does not: ingest, retention and erasing touch the same counts and
recipients, each in its own order, and one was ended by "deadlock detected"; roll-ups made again were written
over what ingest had counted meanwhile. All of these transactions are short, so waiting costs little, and the
server lets those who wait through in their order.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Final

from django.db import connection, transaction

from backstamp.records.database.vendor import is_postgresql

_TURN: Final = 0x6261636B7374616D
"""Number of the server's advisory lock, which holds in one database and ends with the transaction."""


_PATIENCE_SECONDS: Final = 600.0


def be_patient() -> None:
    """Let this connection wait ten minutes for its turn, for a command that is typed once.

    SQLite has no queue (`records.database.sqlite`): whoever writes much may be passed over for longer than
    the usual 20 s while a backlog is worked off.
    """
    if not is_postgresql():
        connection.ensure_connection()
        setattr(connection, "patience", _PATIENCE_SECONDS)  # noqa: B010 - of our own backend


_GAP_SECONDS: Final = 0.025
"""Who waits for SQLite's file asks every 10 ms at least (`records.database.sqlite`)."""


class _Last(threading.local):
    """When this thread's last turn ended."""

    ended = float("-inf")


_last: Final = _Last()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Run the block in a transaction beside which no other one of these runs; within one it is part of that.

    Raises `django.db.Error`.
    """
    outermost = not connection.in_atomic_block
    if outermost and not is_postgresql():
        # Else who works through slices has the file again before anybody has seen that it was free.
        sleep(max(0.0, _last.ended + _GAP_SECONDS - monotonic()))
    with transaction.atomic():
        if is_postgresql():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])
        yield
    if outermost:
        _last.ended = monotonic()
