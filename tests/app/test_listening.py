"""All addresses are had, or waited for a moment, before a role is started."""

import socket
import threading

import pytest

from backstamp.app.settings import load
from backstamp.app.wiring import listening
from backstamp.http_listener import PortTakenError
from tests.daemons import free_port


@pytest.fixture
def taken() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def refuse_taken(edge: int) -> None:
    environment = {
        f"BACKSTAMP_{role}_LISTEN": f"127.0.0.1:{port}"
        for role, port in (("GATEWAY", free_port()), ("EDGE", edge), ("CONSOLE", free_port()))
    }
    listening.refuse_taken(load(None, environment))


def test_an_address_that_a_killed_server_lets_go_of_in_a_moment_is_waited_for(taken: socket.socket) -> None:
    going = threading.Timer(0.2, taken.close)
    going.start()
    refuse_taken(taken.getsockname()[1])
    assert going.finished.is_set()


def test_one_that_stays_taken_is_refused(taken: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "PATIENCE_SECONDS", 0.2)
    with taken, pytest.raises(PortTakenError, match=r"^edge\.listen: cannot listen on .* stop what has it$"):
        refuse_taken(taken.getsockname()[1])
