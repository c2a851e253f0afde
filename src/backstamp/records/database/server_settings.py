"""How a PostgreSQL server is set where that costs rows, or keeps work from ever being done.

What we ask for ourselves when we connect counts as it arrived: a pooler may keep it back.
"""

from collections.abc import Mapping
from typing import Final

from django.db import connection

from backstamp.records.database.bulk import is_postgresql

CLOCKS: Final = (
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "transaction_timeout",
)
"""What one of these ends begins again for ever. The last one came with PostgreSQL 17."""
LAZY: Final = ("fsync", "synchronous_commit")
"""With one of these `off`, commits are lost in a crash whose journal is deleted already."""
_SPELLINGS: Final = {"DateStyle": "ISO", "standard_conforming_strings": "on"}
"""How values begin without which dates cannot be read, and octets become others."""
_READ: Final = "SELECT " + ", ".join(
    f"current_setting('{name}', true)" for name in (*CLOCKS, *LAZY, *_SPELLINGS)
)


def is_standby() -> bool:
    """Whether the server follows another one. Raises `django.db.Error`."""
    return is_postgresql() and _ask("SELECT pg_is_in_recovery()") == [True]


def takes_no_writes() -> bool:
    """Whether the server, as it is set for us, lets us read only. Raises `django.db.Error`."""
    return is_postgresql() and _ask("SELECT current_setting('transaction_read_only')") == ["on"]


def harmful() -> Mapping[str, str]:
    """Return the settings that do harm, with their values as the server spells them.

    Raises `django.db.Error`.
    """
    if not is_postgresql():
        return {}
    found = dict(zip((*CLOCKS, *LAZY, *_SPELLINGS), _ask(_READ), strict=True))
    return (
        {name: str(found[name]) for name in CLOCKS if found[name] not in ("0", None)}
        | {name: "off" for name in LAZY if found[name] == "off"}
        | {
            name: str(found[name])
            for name, good in _SPELLINGS.items()
            if not str(found[name]).startswith(good)
        }
    )


def _ask(statement: str) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchone() or ())
