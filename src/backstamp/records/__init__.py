"""records: what became of every message, kept in SQLite or PostgreSQL (a Django app)."""
