from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.server import Server, descendants
from tests.processes import alive


@pytest.fixture
def backstamp(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts `backstamp serve` with settings; at the end nothing of it may be left running."""
    servers: list[Server] = []

    def start(
        prepare: Callable[[Path], None] | None = None, *, fresh: bool = False, **settings: str
    ) -> Server:
        """`prepare` is called with the data directory before the start; `fresh` is as for `Server.start`."""
        # A short name: in a folder of a long user's name the capture socket has no room for more.
        folder = tmp_path / str(len(servers))
        folder.mkdir()
        if prepare is not None:
            (folder / "data").mkdir(mode=0o700)
            prepare(folder / "data")
        servers.append(Server(folder, {f"BACKSTAMP_{name}": value for name, value in settings.items()}))
        return servers[-1].start(fresh=fresh)

    yield start
    for server in servers:
        if server.process is not None and server.process.poll() is None:
            family = descendants(server.process.pid)
            server.stop()
            assert not [pid for pid in family if alive(pid)]
        server.kill()
