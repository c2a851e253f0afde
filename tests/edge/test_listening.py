"""What edge and console listen on."""

import socket

import pytest
from granian.constants import Interfaces

from backstamp.http_listener import PortTakenError, Server, free_address
from backstamp.listening import reason_and_way


def test_a_name_stands_for_its_address_since_the_server_takes_no_names() -> None:
    assert free_address("edge.listen", "localhost", 0) == "127.0.0.1"


def test_an_address_stays_what_it_is() -> None:
    assert free_address("edge.listen", "127.0.0.1", 0) == "127.0.0.1"
    assert free_address("edge.listen", "0.0.0.0", 0) == "0.0.0.0"


def test_of_a_name_with_both_kinds_the_ipv4_address_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def known(*_: object, **__: object) -> list[tuple[object, ...]]:
        stream = (socket.SOCK_STREAM, 0, "")
        return [
            (socket.AF_INET6, *stream, ("::1", 0, 0, 0)),
            (socket.AF_INET, *stream, ("127.0.0.1", 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", known)
    assert free_address("edge.listen", "both.example", 0) == "127.0.0.1"


def test_a_name_that_nobody_knows_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(PortTakenError, match=r"nowhere:25 \(Name or service not known\); write an"):
        free_address("console.listen", "nowhere", 25)


def test_an_address_of_another_machine_is_not_called_taken() -> None:
    with pytest.raises(PortTakenError, match=r"Cannot assign .*; write an address that this machine has$"):
        free_address("edge.listen", "192.0.2.1", 8025)


def test_a_port_that_somebody_took_since_it_was_free_is_one_line_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = Server("no_module:nothing", address="127.0.0.1", port=port, interface=Interfaces.RSGI)
        refused = (
            rf"^cannot listen on 127\.0\.0\.1:{port} \(Address already in use [^\n]*\); stop what has it$"
        )
        with pytest.raises(PortTakenError, match=refused):
            server._init_shared_socket()


def test_of_an_address_that_asyncio_passed_over_the_same_is_said_as_of_one_it_stopped_at() -> None:
    passed_over = OSError("could not bind on any address out of [('192.0.2.1', 2525)]")  # Python 3.13
    assert reason_and_way(passed_over) == (
        "Cannot assign requested address",
        "write an address that this machine has",
    )
