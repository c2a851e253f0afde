"""database: how all folders of the records speak to SQLite and PostgreSQL.

Many rows written (`bulk`), or found by many keys (`keyed_selects`), in transactions that take turns
(`taking_turns`, `sqlite`), as the database in use wants it (`vendor`); numbers, times and texts as columns
hold them (`tracking_ids`, `instants`, `texts`); the months in which PostgreSQL keeps events (`partitions`);
and which databases are opened at all (`versions`).
"""
