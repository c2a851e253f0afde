"""How a PostgreSQL server is set where that costs rows, or keeps work from ever being done.

What we ask for ourselves when we connect counts as it arrived: a pooler may keep it back.
"""

from collections.abc import Mapping
from contextlib import closing
from typing import Final

from django.db import connection

from backstamp.records.database.vendor import is_postgresql

CLOCKS: Final = (
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "transaction_timeout",
)
"""What one of these ends begins again for ever. The last one came with PostgreSQL 17."""
LAZY: Final = ("fsync", "synchronous_commit")
"""With one of these `off`, commits are lost in a crash whose journal is deleted already."""
OWNER: Final = "let it own database and tables, as docs/database.md does (createdb --owner)"
"""What helps a user who `cannot_make_tables`."""
_NEEDED: Final = {
    "DateStyle": "ISO",
    "standard_conforming_strings": "on",
    "default_transaction_isolation": "read committed",
}
"""How values begin without which dates cannot be read, octets become others, and whoever waited for a turn
fails, since others committed meanwhile."""
_READ: Final = "SELECT " + ", ".join(
    f"current_setting('{name}', true)" for name in (*CLOCKS, *LAZY, *_NEEDED)
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
    found = dict(zip((*CLOCKS, *LAZY, *_NEEDED), _ask(_READ), strict=True))
    return (
        {name: str(found[name]) for name in CLOCKS if found[name] not in ("0", None)}
        | {name: "off" for name in LAZY if found[name] == "off"}
        | {name: str(found[name]) for name, good in _NEEDED.items() if not str(found[name]).startswith(good)}
    )


def cannot_make_tables() -> str:
    """Return why the user may make no tables where they would be made; empty where they may.

    Since PostgreSQL 15 the schema `public` is its owner's alone. Raises `django.db.Error`.
    """
    if not is_postgresql():
        return ""
    user, schema, may = _ask(
        "SELECT current_user, current_schema(), has_schema_privilege(current_schema(), 'CREATE')"
    )
    if schema is None:
        return f"the search_path of {user} names no schema that is there"
    return "" if may else f"{user} may make no tables in the schema {schema}"


def is_turkic() -> bool:
    """Whether the letters I and i are no pair for the database, as in Turkish. Raises `django.db.Error`.

    Addresses and hosts are then not found as they are spelled.
    """
    return is_postgresql() and _ask("SELECT upper('i') = 'I' AND lower('I') = 'i'") != [True]


def shares_its_session() -> bool:
    """Whether a pooler gives our session to others between transactions. Raises `django.db.Error`.

    Then a second connection meets the process of the first, which is idle and was used last.
    """
    if not is_postgresql():
        return False
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute("SELECT 1")
        (first,) = _ask("SELECT pg_backend_pid()")
        cursor.execute("SELECT pg_backend_pid()")
        return bool(cursor.fetchone() == (first,))


def _ask(statement: str) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchone() or ())
