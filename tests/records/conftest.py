"""Django, and an empty database for every test: the same tests on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database import empty_database, start_django, turns_at_once

start_django()

VENDORS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.daemon)]


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def database(tmp_path: Path, vendor: str) -> Iterator[Path]:
    with turns_at_once(), empty_database(tmp_path, vendor) as path:
        yield path
