"""What several tests of this room stand on."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backstamp.app import keyfile
from tests.app.in_process import Here
from tests.database import empty_database, start_django


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Here:
    """Return what runs a command in this process, in a folder of the test's own."""
    return Here(tmp_path, monkeypatch, capfd)


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """Return that folder, with keys and with a database, which commands in this process use."""
    start_django()
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    keyfile.ensure(data / "keys.json")
    with empty_database(data):
        yield tmp_path


@pytest.fixture
def two_addresses(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a name with two addresses of this machine."""
    ask = socket.getaddrinfo

    def answer(host: str, *asked: Any, **more: Any) -> list[Any]:
        hosts = ("127.0.0.1", "127.0.0.2") if host == "two.example" else (host,)
        return [each for ip in hosts for each in ask(ip, *asked, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return "two.example"
