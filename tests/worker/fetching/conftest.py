"""The publisher of the feeds' tests, and no database."""

from tests.worker.feeds.conftest import database, server

__all__ = ["database", "server"]
