"""Connections that ask for the file again and again while another one writes.

SQLite has no queue, and who waits long looks every 100 ms only. A worker with a backlog leaves the file for
less than that between two batches: beside one, on a busy machine, a form of the console waited for up to 8 s,
and for 3 s like this.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import Any, Final

from django.db.backends.sqlite3 import base

from backstamp.records.database.sqlite.obstacles import explain

_LOOK_MS: Final = 20
"""SQLite itself looks after 1, 2, 5 and 10 ms, and is then asked anew."""
_USUAL_SECONDS: Final = 5.0
"""As Python's module has it where no `timeout` is set."""


class PatientCursor(base.SQLiteCursorWrapper):
    """A cursor that asks anew while another connection writes, for so many seconds."""

    patience = _USUAL_SECONDS
    path = Path()

    def execute(self, query: str, params: Any = None) -> Any:
        """Execute a statement, which did nothing when the file was another's.

        A cursor whose statement fails is closed: Django's errors refer to themselves and to it (to the one of
        BEGIN, say), so that the statement would be there until the cycle collector comes, and as long as one
        is there SQLite closes no connection.
        """
        deadline = monotonic() + self.patience
        while True:
            try:
                return super().execute(query, params)
            except sqlite3.OperationalError as error:
                # Within a transaction the file is ours, or was changed since: to wait is no use.
                if (
                    error.sqlite_errorcode != sqlite3.SQLITE_BUSY
                    or self.connection.in_transaction
                    or monotonic() >= deadline
                ):
                    explain(error, self.path)
                    self.close()
                    raise

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        """Execute a statement for many rows: of these some may be done, so that none is asked anew."""
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        self.connection.execute(_look_for(self.patience))
        try:
            return super().executemany(query, param_list)
        finally:
            self.connection.execute(_look_for(_LOOK_MS / 1000))


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of one thread."""

    patience = _USUAL_SECONDS
    """Seconds for which its statements wait for another one's transaction."""
    init_commands: list[str]
    """Django's: of `init_command`."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        """Return one with the file that is there: an empty one in its place would be taken for the database.

        Raises `sqlite3.Error`, also where there is no file; the settings make the first one. None stays open
        then: one that is dropped is closed by the cycle collector alone, and until the last one is closed
        SQLite goes on to call the files read-only for all of a process that has met them so.
        """
        name = str(conn_params["database"])
        if not name.startswith("file:"):  # a URI says itself how it is to be opened
            name = f"{Path(name).absolute().as_uri()}?mode=rw"
        first_statements, self.init_commands = self.init_commands, []
        try:
            made: sqlite3.Connection = super().get_new_connection(conn_params | {"database": name})
            try:
                for statement in filter(str.strip, first_statements):
                    made.execute(statement)
            except sqlite3.Error:
                made.close()
                raise
        except sqlite3.Error as error:
            explain(error, self._path())
            raise
        self.patience = conn_params.get("timeout", _USUAL_SECONDS)
        made.execute(_look_for(_LOOK_MS / 1000))
        return made

    def create_cursor(self, name: str | None = None) -> PatientCursor:
        """Return a cursor as patient as the connection is now."""
        cursor: PatientCursor = self.connection.cursor(factory=PatientCursor)
        cursor.patience = self.patience
        cursor.path = self._path()
        return cursor

    def _path(self) -> Path:
        return Path(str(self.settings_dict["NAME"])).absolute()


def _look_for(seconds: float) -> str:
    return f"PRAGMA busy_timeout = {round(seconds * 1000)}"
