from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backstamp.gateway.relaying import kept_connections
from backstamp.gateway.rewriter import process
from tests.gateway.certificates import Certificates
from tests.gateway.fake_next_hop import FakeNextHop
from tests.gateway.running import StartGateway, StartNextHop, gateways
from tests.unhurried_loop import UnhurriedLoop


def pytest_asyncio_loop_factories() -> dict[str, type[UnhurriedLoop]]:
    """A stall of this machine is not the silence of a next hop that some tests wait for 0.2 s."""
    return {"unhurried": UnhurriedLoop}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a busy machine takes for it: the next client finds a connection, and processes start."""
    monkeypatch.setattr(kept_connections, "IDLE_SECONDS", 120.0)
    monkeypatch.setattr(process, "START_SECONDS", 120)


@pytest.fixture
async def next_hop() -> AsyncIterator[StartNextHop]:
    hops: list[FakeNextHop] = []

    async def start(**options: Any) -> FakeNextHop:
        hops.append(await FakeNextHop(**options).start())
        return hops[-1]

    yield start
    for hop in hops:
        await hop.stop()


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[StartGateway]:
    async with gateways(tmp_path) as start:
        yield start


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))
