"""database: how all folders of the records speak to SQLite and PostgreSQL.

Statements over many rows (`bulk`, `batched`), in transactions that take turns (`taking_turns`, `sqlite`);
numbers, times and texts as columns hold them (`tracking_ids`, `instants`, `texts`); the months in which
PostgreSQL keeps events (`partitions`); and which databases are opened at all (`versions`).
"""
