"""`backstamp edge --sunset`: old links with nothing but the key file."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backstamp.app import keyfile
from backstamp.edge.replies.prepared import GIF
from backstamp.tokens import Keyring, seal_link, seal_pixel
from tests.app.in_process import Here
from tests.daemons import free_port

URL = "https://example.com/old?a=b"


def link(ring: Keyring, *, protected: bool = False) -> str:
    return seal_link(
        ring,
        domain_id=1,
        tracking_id=2,
        recipient_index=0,
        link_number=1,
        url=URL,
        protected=protected,
    )


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "keys.json"
    keyfile.ensure(path)
    return path


@pytest.fixture(scope="module")
def port(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    folder = tmp_path_factory.mktemp("empty")
    process = subprocess.Popen(
        [sys.executable, "-m", "backstamp", "edge", "--sunset", "--keys", str(keys)],
        cwd=folder,
        env=os.environ | {"BACKSTAMP_EDGE_LISTEN": f"127.0.0.1:{port}", "BACKSTAMP_EDGE_WORKERS": "2"},
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 60
    while True:
        try:
            ask(port, "GET", "/healthz")
            break
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
    yield port
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    (line,) = said.decode().splitlines()
    assert f"listens on 127.0.0.1:{port}" in line, "and complains of nothing"
    assert list(folder.iterdir()) == [], "nothing was made"


def ask(port: int, method: str, path: str) -> tuple[int, str | None, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path)
    reply = connection.getresponse()
    answer = reply.status, reply.getheader("location"), reply.read()
    connection.close()
    return answer


def test_links_lead_on_and_pixels_get_their_image(keys: Path, port: int) -> None:
    ring = keyfile.read(keys)
    assert ask(port, "GET", f"/{link(ring)}?utm=1") == (302, URL, b"")
    assert ask(port, "HEAD", f"/{link(ring)}") == (302, URL, b"")
    assert ask(port, "GET", f"/{link(ring)}.") == (302, URL, b""), "a full stop is no part of it"
    assert ask(port, "GET", f"/{seal_pixel(ring, domain_id=1, tracking_id=2)}") == (200, None, GIF)


def test_a_protected_link_asks_the_person_first(keys: Path, port: int) -> None:
    token = link(keyfile.read(keys), protected=True)
    status, location, page = ask(port, "GET", f"/{token}")
    assert (status, location) == (503, None)
    assert b'<form method="post" class="go-on">' in page
    assert ask(port, "POST", f"/{token}") == (303, URL, b"")


def test_nothing_else_is_ever_a_redirect(keys: Path, port: int) -> None:
    strangers = Keyring.create(b"s" * 32, b"t" * 32, 1)
    assert ask(port, "GET", f"/{link(strangers)}")[:2] == (404, None)
    assert ask(port, "GET", "/nothing")[:2] == (404, None)
    assert ask(port, "POST", f"/{link(keyfile.read(keys))}")[:2] == (405, None)
    broken = seal_link(
        keyfile.read(keys),
        domain_id=1,
        tracking_id=2,
        recipient_index=0,
        link_number=1,
        url="https://example.com/\r\nX: y",
    )
    assert ask(port, "GET", f"/{broken}")[:2] == (404, None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("edge", "--sunset"), "--sunset and --keys FILE go together"),
        (("edge", "--keys", "x"), "--sunset and --keys FILE go together"),
        (("edge", "--sunset", "--keys", "absent.json"), "absent.json: there is no key file"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    tmp_path: Path, here: Here, arguments: tuple[str, ...], said: str
) -> None:
    failed = here(*arguments)
    assert (failed.returncode, failed.stderr.count("\n")) == (2, 1)
    assert said in failed.stderr
    assert not (tmp_path / "data").exists()
