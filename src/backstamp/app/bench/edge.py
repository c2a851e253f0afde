"""`backstamp bench edge`: our pixel and click beside nginx and an empty Granian application, in one run.

All servers run on one core and wrk on another; the rounds go round all of them, so that a noisy
neighbour hits all alike; a figure is the median of its rounds.  Processor time a request is told beside
the rate, for other work on the machine distorts it least.
"""

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple, TextIO

from backstamp.app.bench.edge_target import DIRECTORY_VARIABLE
from backstamp.journal import publish_snapshot
from backstamp.policy import Consent, ConsentMode, ConsentState, Snapshot
from backstamp.tokens import Keyring, seal_link, seal_pixel

CONNECTIONS: Final = 32
ROUNDS: Final = 3
START_SECONDS: Final = 20.0
URL: Final = "https://shop.example.com/autumn/sale?utm_source=newsletter&utm_medium=email&utm_campaign=autumn&item=4711"
HEADERS: Final = (
    (
        "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/150.0.0.0 Safari/537.36"
    ),
    "Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "Accept-Language: en-US,en;q=0.9",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Sec-Fetch-Dest: image",
    "Sec-Fetch-Mode: no-cors",
    "Sec-Fetch-Site: cross-site",
)
NGINX_CONFIG: Final = """
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
    access_log {directory}/access.log combined buffer=64k flush=1s;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    keepalive_requests 1000000000;
    server {{
        listen 127.0.0.1:{port};
        location /pixel {{ empty_gif; }}
        location /click {{ return 302 "{url}"; }}
        location /healthz {{ return 200 ok; }}
    }}
}}
"""


class Figure(NamedTuple):
    """One server under wrk.

    Requests a second, milliseconds that 99 of 100 answers needed at most, and microseconds of processor
    time that the server's processes took for a request.
    """

    rate: float
    p99: float
    processor: float


class Server(NamedTuple):
    """What is asked, and the process that answers it with its children."""

    url: str
    pid: int


def run(out: TextIO, quick: bool) -> None:
    """Measure and print a table; say in one line what is missing where that is not possible."""
    missing = [program for program in ("wrk", "nginx", "taskset") if not _program(program)]
    cores = sorted(os.sched_getaffinity(0))
    if missing:
        print(f"bench edge: not run, {' and '.join(missing)} not installed (Debian: apt install)", file=out)
        return
    if len(cores) < 2:
        print("bench edge: not run, it needs two cores: one for the servers, one for wrk", file=out)
        return
    rounds, seconds = (1, 1) if quick else (ROUNDS, 4)
    with TemporaryDirectory(prefix="backstamp-bench-") as name, ExitStack() as stack:
        targets = _start(Path(name), cores[0], stack)
        figures: dict[str, list[Figure]] = {title: [] for title in targets}
        for _ in range(rounds):
            for title, server in targets.items():
                figures[title].append(_wrk(server, seconds, cores[1]))
    _print_table(out, {title: _median(taken) for title, taken in figures.items()})
    print(
        f"median of {rounds} rounds of {seconds} s, {CONNECTIONS} keep-alive connections, servers on core "
        f"{cores[0]}, wrk on core {cores[1]}, journal.sync = 20 ms; machine load {os.getloadavg()[0]:.1f}",
        file=out,
    )


NGINX_PIXEL: Final = "nginx empty_gif, access log"
NGINX_CLICK: Final = "nginx return 302, access log"
EMPTY: Final = "Granian, empty application"
OUR_PIXEL: Final = "Backstamp pixel"
OUR_CLICK: Final = "Backstamp click"


def _start(directory: Path, core: int, stack: ExitStack) -> Mapping[str, Server]:
    ring = Keyring.create(os.urandom(32), os.urandom(32), int(time.time()))
    (directory / "keys.json").write_text(ring.to_json())
    publish_snapshot(directory / "snapshot", _policy())
    pixel = seal_pixel(ring, domain_id=1, tracking_id=2**60, recipient_key=bytes(range(8)))
    click = seal_link(ring, domain_id=1, tracking_id=2**60, recipient_index=0, link_number=1, url=URL)

    nginx, empty, ours = (_free_port() for _ in range(3))
    config = directory / "nginx.conf"
    config.write_text(NGINX_CONFIG.format(directory=directory, port=nginx, url=URL))
    pinned = ["taskset", "-c", str(core)]
    edge = [*pinned, sys.executable, "-m", "backstamp.app.bench.edge_target"]
    nginx_command = [*pinned, _program("nginx") or "nginx", "-p", str(directory), "-c", str(config)]
    pids = {
        port: stack.enter_context(_running(command, port, directory))
        for port, command in (
            (nginx, nginx_command),
            (empty, [*edge, str(empty), "empty"]),
            (ours, [*edge, str(ours), "edge"]),
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
        consents=consents,
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


def _wrk(server: Server, seconds: int, core: int) -> Figure:
    fields = [argument for header in HEADERS for argument in ("-H", header)]
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    before = _processor_seconds(server.pid)
    text = subprocess.run([*command, *fields, server.url], capture_output=True, text=True, check=True).stdout
    taken = _processor_seconds(server.pid) - before
    requests = re.search(r"(\d+) requests in", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    if requests is None or rate is None or p99 is None or "Socket errors" in text:
        raise RuntimeError(f"wrk did not finish its work:\n{text}")
    milliseconds = float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]
    return Figure(float(rate[1]), milliseconds, taken / int(requests[1]) * 1e6)


def _processor_seconds(pid: int) -> float:
    """Return the processor time of a process and its descendants so far (proc(5): utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return ticks / os.sysconf("SC_CLK_TCK") + sum(_processor_seconds(int(child)) for child in children)


def _median(figures: list[Figure]) -> Figure:
    return Figure(*(statistics.median(values) for values in zip(*figures, strict=True)))


def _print_table(out: TextIO, figures: Mapping[str, Figure]) -> None:
    print("| server | requests/s | p99 ms | CPU us/request | x nginx | x empty Granian |", file=out)
    print("|---|---:|---:|---:|---:|---:|", file=out)
    for title, figure in figures.items():
        nginx = figures[NGINX_CLICK if title in (NGINX_CLICK, OUR_CLICK) else NGINX_PIXEL]
        print(
            f"| {title} | {figure.rate:,.0f} | {figure.p99:.1f} | {figure.processor:.1f} "
            f"| {figure.rate / nginx.rate:.2f} | {figure.rate / figures[EMPTY].rate:.2f} |",
            file=out,
        )


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
