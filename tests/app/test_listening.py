"""All addresses are had, or waited for a moment, before a role is started."""

import socket
import threading

import pytest

from backstamp.app.settings import load
from backstamp.app.starting import listening
from backstamp.http_listener import PortTakenError
from backstamp.listening import Address
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


def test_an_address_that_a_killed_server_lets_go_of_in_a_moment_is_waited_for(
    taken: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "PATIENCE_SECONDS", 120.0)
    port = taken.getsockname()[1]
    going = threading.Timer(0.2, taken.close)
    going.start()
    refuse_taken(port)
    assert taken.fileno() == -1, "it is closed"
    going.join()


def test_an_address_of_a_name_that_this_machine_has_not_is_none_to_be_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = [Address(socket.AF_INET6, ("2001:db8::1", 25, 0, 0))]
    monkeypatch.setattr("backstamp.listening.addresses", lambda host, port: both)
    assert listening.listened_on("gateway.listen", "two.example", 25) == both, "there is no other"
    both.insert(0, Address(socket.AF_INET, ("127.0.0.1", 25)))
    assert listening.listened_on("gateway.listen", "two.example", 25) == both[:1]


def test_one_that_stays_taken_is_refused(taken: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "PATIENCE_SECONDS", 0.2)
    with taken, pytest.raises(PortTakenError, match=r"^edge\.listen: cannot listen on .* stop what has it$"):
        refuse_taken(taken.getsockname()[1])


@pytest.mark.parametrize("setting", ["GATEWAY_LISTEN", "OPERATIONS_LISTEN", "EDGE_LISTEN"])
def test_all_addresses_of_a_name_are_had_where_all_are_listened_on(
    two_addresses: str, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setattr(listening, "PATIENCE_SECONDS", 0.0)
    port = free_port("0.0.0.0")  # of all addresses: another test may have it on one
    settings = {
        "GATEWAY_LISTEN": f"127.0.0.1:{free_port()}",
        "EDGE_LISTEN": f"127.0.0.1:{free_port()}",
        "CONSOLE_LISTEN": f"127.0.0.1:{free_port()}",
    } | {setting: f"{two_addresses}:{port}"}
    loaded = load(None, {f"BACKSTAMP_{name}": value for name, value in settings.items()})
    with socket.create_server(("127.0.0.2", port)):
        if setting == "EDGE_LISTEN":
            listening.refuse_taken(loaded)  # by its first address
            return
        with pytest.raises(PortTakenError) as refused:
            listening.refuse_taken(loaded)
    assert str(refused.value) == (
        f"{setting.lower().replace('_', '.', 1)}: cannot listen on two.example:{port}, 127.0.0.2, "
        "(Address already in use); choose another port, or stop what has it"
    )
    listening.refuse_taken(loaded)
