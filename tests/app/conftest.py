"""What several tests of this room stand on."""

import socket
from typing import Any

import pytest


@pytest.fixture
def two_addresses(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a name with two addresses of this machine."""
    ask = socket.getaddrinfo

    def answer(host: str, *asked: Any, **more: Any) -> list[Any]:
        hosts = ("127.0.0.1", "127.0.0.2") if host == "two.example" else (host,)
        return [each for ip in hosts for each in ask(ip, *asked, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return "two.example"
