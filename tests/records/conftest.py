"""Django, and an empty database for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database import empty_database, start_django

start_django()


@pytest.fixture(autouse=True)
def database(tmp_path: Path) -> Iterator[Path]:
    with empty_database(tmp_path) as path:
        yield path
