"""One Chromium for all oracle tests: they ask it for thousands of documents."""

from collections.abc import Iterator

import pytest

from tests.rewriting.oracles.chromium import Chromium, chromium
from tests.rewriting.oracles.panel import Panel


@pytest.fixture(scope="package")
def browser() -> Iterator[Chromium]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="package")
def panel(browser: Chromium) -> Panel:
    return Panel(browser)
