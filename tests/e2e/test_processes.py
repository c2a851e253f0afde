import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest

from backstamp.console.serving.server import DRAIN_SECONDS
from tests.database import give_database
from tests.e2e.server import ROLES, Server, descendants, until
from tests.processes import alive


def test_the_whole_product_starts_and_stops_with_one_process(backstamp: Callable[..., Server]) -> None:
    server = backstamp()
    banner = server.banner.read_text()
    assert f"127.0.0.1:{server.gateway}" in banner
    assert server.console_url in banner
    assert "measured unless they object" in banner
    assert banner.count("\n  1. ") == banner.count("\n  2. ") == banner.count("\n  3. ") == 1
    for _ in "twice":
        with urlopen(server.sign_in_link, timeout=60) as page:
            assert page.status == 200, "looking at the page must not use the link up"
    family = server.family()
    assert all(family[role] for role in ROLES)
    assert server.stop() == 0
    assert not [pid for pids in family.values() for pid in pids if alive(pid)]
    for port in (server.gateway, server.edge, server.console):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 2)


@pytest.mark.parametrize("role", ["gateway", "edge"])
def test_gateway_and_edge_never_load_records_or_django(tmp_path: Path, role: str) -> None:
    """Python lists each module that a process and its children load, while they serve."""
    server = Server(tmp_path, {"PYTHONPROFILEIMPORTTIME": "1"})
    assert server.command("check-config").returncode == 0
    with (tmp_path / "imports").open("wb") as imports:
        process = subprocess.Popen(
            [sys.executable, "-m", "backstamp", role], cwd=tmp_path, env=server.environment, stderr=imports
        )
        try:
            until("the role answers", lambda: answers(server.gateway if role == "gateway" else server.edge))
        finally:
            process.terminate()
            process.wait(90)
    lines = (tmp_path / "imports").read_text().splitlines()
    loaded = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    assert f"backstamp.{role}" in loaded
    assert (
        sorted(name for name in loaded if name.split(".")[0] == "django" or "records" in name.split("."))
        == []
    )


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests whose last word is that all answers: to start one takes as long as they do."""
    server = Server(tmp_path_factory.mktemp("lasting")).start()
    yield server
    assert server.stop() == 0


def logged_since(server: Server) -> Callable[[], str]:
    """Return what gives the log from here on."""
    begin = len(server.log.read_text())
    return lambda: server.log.read_text()[begin:]


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_role_comes_back_without_its_old_workers(lasting: Server, role: str) -> None:
    log, old = logged_since(lasting), lasting.family()[role]
    os.kill(old[0], signal.SIGKILL)
    until("the old processes are gone", lambda: not any(alive(pid) for pid in old))
    until("the role is back", lambda: lasting.family()[role] and lasting.family()[role][0] != old[0])
    until("all answers again", lasting.is_up)
    assert f"role {role} ended with -9 (SIGKILL: by hand, or by the kernel for" in log()


@pytest.mark.parametrize("role", ["gateway", "worker"])
def test_a_hangup_ends_a_role_as_a_wish_to_stop_does(lasting: Server, role: str) -> None:
    log, old = logged_since(lasting), lasting.family()[role]
    os.kill(old[0], signal.SIGHUP)
    ended = f"role {role} ended with "
    until("it has ended", lambda: ended in log())
    assert f"{ended}0 " in log()
    until("the role is back", lambda: lasting.family()[role] and lasting.family()[role][0] != old[0])
    until("all answers again", lasting.is_up)


def test_a_second_server_in_the_same_data_directory_is_refused(lasting: Server, tmp_path: Path) -> None:
    second = Server(tmp_path, {"BACKSTAMP_DATA_DIR": str(lasting.data)})
    for role in ("serve", "worker"):
        done = second.command(role)
        assert done.returncode == 2
        assert b"another Backstamp works in" in done.stderr
        assert done.stderr.count(b"\n") == 1
    assert lasting.is_up()


def test_a_killed_supervisor_leaves_no_orphan(backstamp: Callable[..., Server]) -> None:
    server = backstamp()
    assert server.process is not None
    family = descendants(server.process.pid)
    server.process.kill()
    server.process.wait()
    until("all processes are gone", lambda: not any(alive(pid) for pid in family))


@pytest.mark.parametrize(
    "setting", ["gateway.listen", "edge.listen", "console.listen", "operations.listen", "reports.listen"]
)
def test_where_an_address_is_taken_the_start_fails_with_one_line(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        server = Server(tmp_path, {f"BACKSTAMP_{setting.replace('.', '_').upper()}": taken})
        done = server.command("serve")
    assert done.returncode == 1
    assert done.stderr.decode() == (
        f"backstamp: {setting}: cannot listen on {taken} (Address already in use); "
        "choose another port, or stop what has it\n"
    )


def test_an_open_live_page_neither_holds_up_the_consoles_end_nor_makes_a_line_of_log(
    backstamp: Callable[..., Server],
) -> None:
    server = backstamp()
    viewer = build_opener(HTTPCookieProcessor())
    with viewer.open(server.sign_in_link, timeout=20) as page:
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    form = {"csrfmiddlewaretoken": token, "email": "ada@example.org", "password": "a horse, a battery"}
    viewer.open(server.sign_in_link, urlencode(form).encode(), timeout=20).close()
    pid = server.family()["console"][0]
    with viewer.open(f"{server.console_url}/changes/?seen=0", timeout=20) as stream:
        assert stream.readline() == b"retry: 2000\n"
        began = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        stream.read()
        assert time.monotonic() - began < DRAIN_SECONDS
    until("the console has ended", lambda: "role console ended with 0" in server.log.read_text())
    assert "refused to gracefully stop" not in server.log.read_text()


@pytest.mark.parametrize("output", ["/dev/full", "a reader that has gone", "closed"])
def test_a_welcome_that_nobody_can_read_ends_nothing(tmp_path: Path, output: str) -> None:
    server = Server(tmp_path)
    give_database(server.data)
    reading, writing = os.pipe()
    os.close(reading)
    descriptor = writing if output == "a reader that has gone" else os.open("/dev/full", os.O_WRONLY)
    words = f'exec "$0" -m backstamp serve{" >&-" if output == "closed" else ""}'
    with server.log.open("ab") as log:
        server.process = subprocess.Popen(
            ["sh", "-c", words, sys.executable],
            cwd=tmp_path,
            env=server.environment,
            stdout=descriptor,
            stderr=log,
        )
    try:
        until("it says so", lambda: "the welcome could not be written" in server.log.read_text())
        until("the console answers", lambda: answers(server.console))
        assert server.process.poll() is None
        assert server.stop() == 0
    finally:
        server.kill()
        for each in {writing, descriptor}:
            os.close(each)
    assert "Exception ignored" not in server.log.read_text()
