"""A publisher; and no database, which nothing here needs."""

from collections.abc import Iterator

import pytest

from tests.worker.feeds.feed_server import FeedServer, feed_server


@pytest.fixture(autouse=True)
def database() -> None:
    """Take the place of the worker's database."""


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as serving:
        yield serving
