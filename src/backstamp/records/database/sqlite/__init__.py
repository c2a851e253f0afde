"""Django's backend for SQLite, whose writers come in turn: the `ENGINE` of all roles and commands."""
