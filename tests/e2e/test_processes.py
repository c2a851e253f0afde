import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.e2e.server import ROLES, Server, alive, descendants, until


def test_the_whole_product_starts_and_stops_with_one_process(backstamp: Callable[..., Server]) -> None:
    server = backstamp()
    banner = server.banner.read_text()
    assert f"127.0.0.1:{server.gateway}" in banner
    assert server.console_url in banner
    assert "measured unless they object" in banner
    assert banner.count("\n  1. ") == banner.count("\n  2. ") == banner.count("\n  3. ") == 1
    family = server.family()
    assert all(family[role] for role in ROLES)
    assert server.stop() == 0
    assert not [pid for pids in family.values() for pid in pids if alive(pid)]
    for port in (server.gateway, server.edge, server.console):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 2)


def test_gateway_and_edge_never_load_the_database(backstamp: Callable[..., Server]) -> None:
    """A running process maps the C extension of each database driver it ever imported."""
    server = backstamp()
    family = server.family()
    mapped = {
        role: "".join(Path(f"/proc/{pid}/maps").read_text() for pid in family[role])
        for role in ("edge", "worker")
    }
    assert "_sqlite3" in mapped["worker"]
    assert "_sqlite3" not in mapped["edge"]


def test_the_first_sign_in_link_is_shown_until_there_is_an_administrator(
    backstamp: Callable[..., Server],
) -> None:
    server = backstamp()
    with urlopen(server.sign_in_link, timeout=5) as page:
        assert page.status == 200
    with urlopen(server.sign_in_link, timeout=5) as page:
        assert page.status == 200, "looking at the page must not use the link up"


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_role_comes_back_without_its_old_workers(
    backstamp: Callable[..., Server], role: str
) -> None:
    server = backstamp()
    old = server.family()[role]
    os.kill(old[0], signal.SIGKILL)
    until("the old processes are gone", lambda: not any(alive(pid) for pid in old))
    until("the role is back", lambda: server.family()[role] and server.family()[role][0] != old[0])
    until("all answers again", server.is_up)
    with socket.create_connection(("127.0.0.1", server.gateway), 5) as client:
        assert client.recv(100).startswith(b"220 ")


def test_a_killed_supervisor_leaves_no_orphan(backstamp: Callable[..., Server]) -> None:
    server = backstamp()
    assert server.process is not None
    family = descendants(server.process.pid)
    server.process.kill()
    server.process.wait()
    until("all processes are gone", lambda: not any(alive(pid) for pid in family))
