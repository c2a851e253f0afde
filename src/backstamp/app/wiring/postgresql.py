"""From `database.url` to Django's settings of a connection with PostgreSQL."""

import re
from typing import Any, Final

from backstamp.app.settings import SettingsError

_OPTIONS: Final = (
    "-c datestyle=ISO -c standard_conforming_strings=on -c statement_timeout=0 -c lock_timeout=0 "
    "-c idle_in_transaction_session_timeout=0 -c default_transaction_isolation=read\\ committed -c jit=off"
)
"""psycopg reads dates in this style alone; without the other, octets and texts with a backslash would be
stored as something else. What is ended by a clock of the server's begins again for ever: a batch of ingest,
a day of retention, a migration. Whoever waited for a turn (`records.database.taking_turns`) must see what was
committed meanwhile, which a stricter isolation does not show. Statements that are compiled (`jit`) are no
quicker, and some far slower: of a million consents and suppressions and 100,000 events, on PostgreSQL 15, to
gather keys took 0.66 s of a processor with it and 0.64 s without, to count days anew 0.40 s and 0.31 s, and
2.24 s where the server was made to optimise them, as it does by itself for some millions of events. All may
be set otherwise for a server, a database or a user."""
_OURS: Final[dict[str, Any]] = {
    "connect_timeout": 10,
    # Who waits for a server whose machine is gone (after a failover, say) notices within a minute; by the
    # system's own clocks it is two hours.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
}
_LONGEST_NAME: Final = 63
"""Octets; of a longer name the server takes the beginning, and Django refuses it by a traceback.
https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
"""
_NAMES: Final = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}


def connection_settings(url: str) -> dict[str, Any]:
    """Return what Django must be told.

    The URL is read as PostgreSQL's own programs read it, with all parameters of libpq:
    https://www.postgresql.org/docs/current/libpq-connect.html

    Raises `SettingsError`, which repeats nothing of it.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    unreadable = SettingsError(
        "database.url cannot be read; write postgresql://USER:PASSWORD@HOST:PORT/NAME, with marks in a "
        "password as %40, and no parameters but those of libpq (docs/database.md)"
    )
    try:
        given = conninfo_to_dict(url)
    except (ProgrammingError, UnicodeError):
        raise unreadable from None
    place = {name: str(given.pop(of_libpq, "")) for name, of_libpq in _NAMES.items()}
    if not re.fullmatch("[0-9,]*", place["PORT"]):
        raise unreadable
    if not place["NAME"] and "service" not in given:  # whose file may name it
        raise SettingsError("database.url names no database; write postgresql://USER:PASSWORD@HOST:PORT/NAME")
    if len(place["NAME"].encode()) > _LONGEST_NAME:
        raise SettingsError(
            f"database.url names a database by more than {_LONGEST_NAME} octets, as PostgreSQL has none; "
            "write the name that `psql --list` shows"
        )
    options = f"{_OPTIONS} {given.pop('options', '')}".rstrip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        **place,
        "OPTIONS": {**_OURS, **given, "options": options},
    }
