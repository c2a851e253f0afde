"""Each role by itself: whoever starts one is told at once that it runs, and where it listens."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemons import free_port
from tests.e2e.server import Server, until

pytestmark = pytest.mark.daemon


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("gateway", "listens on 127.0.0.1:{0.gateway} (gateway.listen)"),
        ("edge", "listens on 127.0.0.1:{0.edge}"),
        ("console", "listens on 127.0.0.1:{0.console}"),
        ("worker", "the worker has started; its pages are on 127.0.0.1:{1}"),
    ],
)
def test_a_role_that_is_started_alone_says_where_it_listens(tmp_path: Path, role: str, said: str) -> None:
    server = Server(tmp_path)
    pages = free_port()
    environment = server.environment | {"BACKSTAMP_OPERATIONS_LISTEN": f"127.0.0.1:{pages}"}
    command = [sys.executable, "-m", "backstamp", role]
    log = tmp_path / "log"

    def messages() -> list[str]:
        lines = log.read_text().splitlines()
        return [json.loads(line)["message"] for line in lines if '"level": "info"' in line]

    with log.open("wb") as errors, subprocess.Popen(command, env=environment, stderr=errors) as process:
        try:
            until("the role says so", messages)
        finally:
            process.terminate()
            process.wait(90)
    assert messages()[0] == said.format(server, pages)
