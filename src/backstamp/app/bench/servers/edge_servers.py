"""The servers that `backstamp bench edge` puts side by side, all on the same cores."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from backstamp.app.bench.servers.edge_target import DIRECTORY_VARIABLE
from backstamp.app.bench.servers.ports import free_port
from backstamp.app.bench.wrk import Server, program
from backstamp.lifetime import module_command
from backstamp.policy import Consent, ConsentMode, Consents, ConsentState, Snapshot
from backstamp.shared_files import publish_snapshot
from backstamp.tokens import Keyring, seal_link, seal_pixel

NGINX_PIXEL: Final = "nginx empty_gif, access log"
NGINX_CLICK: Final = "nginx return 302, access log"
EMPTY: Final = "Granian, empty application"
OUR_PIXEL: Final = "Backstamp pixel"
OUR_CLICK: Final = "Backstamp click"

START_SECONDS: Final = 20.0
URL: Final = "https://shop.example.com/autumn/sale?utm_source=newsletter&utm_medium=email&utm_campaign=autumn&item=4711"
NGINX_CONFIG: Final = """
worker_processes {workers};
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log;
events {{ worker_connections 4096; }}
http {{
    access_log {directory}/access.log combined buffer=64k flush=1s;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    keepalive_requests 1000000000;
    server {{
        listen 127.0.0.1:{port} reuseport;
        location /pixel {{ empty_gif; }}
        location /click {{ return 302 "{url}"; }}
        location /healthz {{ return 200 ok; }}
    }}
}}
"""


def start(directory: Path, cores: str, workers: int, stack: ExitStack) -> Mapping[str, Server]:
    """Start all servers on `cores` (taskset's list), with so many workers each; `stack` stops them."""
    ring = Keyring.create(os.urandom(32), os.urandom(32), int(time.time()))
    (directory / "keys.json").write_text(ring.to_json())
    publish_snapshot(directory / "snapshot", _policy())
    pixel = seal_pixel(ring, domain_id=1, tracking_id=2**60, recipient_key=bytes(range(8)))
    click = seal_link(ring, domain_id=1, tracking_id=2**60, recipient_index=0, link_number=1, url=URL)

    nginx, empty, ours = (free_port() for _ in range(3))
    config = directory / "nginx.conf"
    config.write_text(NGINX_CONFIG.format(directory=directory, port=nginx, url=URL, workers=workers))
    pinned = ["taskset", "-c", cores]
    edge = [*pinned, *module_command("backstamp.app.bench.servers.edge_target")]
    nginx_command = [*pinned, program("nginx") or "nginx", "-p", str(directory), "-c", str(config)]
    pids = {
        port: stack.enter_context(_running(command, port, directory))
        for port, command in (
            (nginx, nginx_command),
            (empty, [*edge, str(empty), "empty", str(workers)]),
            (ours, [*edge, str(ours), "edge", str(workers)]),
        )
    }

    def server(port: int, path: str) -> Server:
        return Server(f"http://127.0.0.1:{port}/{path}", pids[port])

    return {
        NGINX_PIXEL: server(nginx, "pixel"),
        NGINX_CLICK: server(nginx, "click"),
        EMPTY: server(empty, pixel),
        OUR_PIXEL: server(ours, pixel),
        OUR_CLICK: server(ours, click),
    }


def _policy() -> Snapshot:
    """A policy with as many consents as a busy installation has, so that the look-up is a real one."""
    consents = {n.to_bytes(8, "big"): Consent(opens=ConsentState.WITHDRAWN) for n in range(10_000)}
    return Snapshot(
        published_at_us=1,
        enabled=True,
        consent_mode=ConsentMode.OBJECTION,
        tracking_url="http://127.0.0.1",
        origins={},
        consents=Consents.said(consents),
    )


@contextmanager
def _running(command: list[str], port: int, directory: Path) -> Iterator[int]:
    with (directory / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | {DIRECTORY_VARIABLE: str(directory)}
        )
    try:
        _wait_until_it_answers(process, port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not answer")
