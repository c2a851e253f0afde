"""`backstamp bench edge`: our pixel and click beside nginx and an empty Granian application, in one run.

All servers run on the same cores and wrk on one of its own; the rounds go round all of them, so that a
noisy neighbour hits all alike; a figure is the median of its rounds.  Processor time a request is told
beside the rate, for other work on the machine distorts it least.
"""

import os
import statistics
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple, TextIO

from backstamp.app.bench.servers import edge_servers
from backstamp.app.bench.servers.edge_servers import EMPTY, NGINX_CLICK, NGINX_PIXEL, OUR_CLICK, OUR_PIXEL
from backstamp.app.bench.wrk import MEAN_PAUSE_MS, Figure, Server, ask, children, private_bytes, program

CONNECTIONS: Final = 32
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
WORKERS: Final = (1, 2)
LEAST_PACED_SECONDS: Final = 2
"""Opening hundreds of connections at once makes the slowest hundredth of a shorter round. A first second is
not counted: after the change of pace its p99 was 14 ms here, later 4 to 6, as the empty application's."""
CLOSE: Final = "Connection: close"


class _Plan(NamedTuple):
    """How long is measured, and with which cores (taskset's list) and core of wrk."""

    rounds: int
    seconds: int
    cores: str
    wrk_core: int


def run(out: TextIO, quick: bool) -> None:
    """Measure and print tables; say in one line what is missing where that is not possible."""
    missing = [name for name in ("wrk", "nginx", "taskset") if not program(name)]
    cores = sorted(os.sched_getaffinity(0))
    if missing:
        print(f"bench edge: not run, {' and '.join(missing)} not installed (Debian: apt install)", file=out)
        return
    if len(cores) < 2:
        print("bench edge: not run, it needs two cores: one for the servers, one for wrk", file=out)
        return
    rounds, seconds = (1, 1) if quick else (3, 4)
    for workers in WORKERS:
        chosen = ",".join(map(str, cores[: min(workers, len(cores) - 1)]))
        _measure(out, workers, _Plan(rounds, seconds, chosen, cores[-1]))


def _measure(out: TextIO, workers: int, plan: _Plan) -> None:
    with TemporaryDirectory(prefix="backstamp-bench-") as name, ExitStack() as stack:
        targets = edge_servers.start(Path(name), plan.cores, workers, stack)
        title = f"{workers} worker{'s'[: workers - 1]} on core {plan.cores}, wrk on core {plan.wrk_core}"
        kept = _rounds(plan, targets, HEADERS)
        _print_table(out, f"{title}, {CONNECTIONS} keep-alive connections", kept)
        _print_table(
            out, f"{title}, a connection for each request", _rounds(plan, targets, (*HEADERS, CLOSE))
        )
        _print_half_peak(out, plan, targets, kept)
        ours = targets[OUR_PIXEL].pid
        memory = " and ".join(f"{private_bytes(worker) / 1e6:.0f} MB" for worker in children(ours))
        print(
            f"private memory of our worker{'s'[: workers - 1]}: {memory}; medians of {plan.rounds} rounds of "
            f"{plan.seconds} s; journal.sync = 20 ms; machine load {os.getloadavg()[0]:.1f}\n",
            file=out,
        )


def _rounds(plan: _Plan, targets: Mapping[str, Server], fields: tuple[str, ...]) -> dict[str, Figure]:
    taken: dict[str, list[Figure]] = {title: [] for title in targets}
    for _ in range(plan.rounds):
        for title, server in targets.items():
            taken[title].append(
                ask(server, fields, seconds=plan.seconds, core=plan.wrk_core, connections=CONNECTIONS)
            )
    return {title: _median(figures) for title, figures in taken.items()}


def _print_half_peak(
    out: TextIO, plan: _Plan, targets: Mapping[str, Server], peak: Mapping[str, Figure]
) -> None:
    for title in (OUR_PIXEL, OUR_CLICK):
        connections = max(1, round(peak[title].rate / 2 * MEAN_PAUSE_MS / 1000))
        figures: dict[str, list[Figure]] = {title: [], EMPTY: []}
        for turn in range(plan.rounds + 1):
            for name, taken in figures.items():
                figure = ask(
                    targets[name],
                    HEADERS,
                    seconds=max(plan.seconds, LEAST_PACED_SECONDS) if turn else 1,
                    core=plan.wrk_core,
                    connections=connections,
                    paced=True,
                )
                if turn:
                    taken.append(figure)
        ours, empty = _median(figures[title]), _median(figures[EMPTY])
        print(
            f"{title} at half its peak: {ours.rate:,.0f} requests/s, p99 {ours.p99:.1f} ms (empty Granian: "
            f"{empty.p99:.1f} ms; {connections} connections that pause {MEAN_PAUSE_MS} ms on average before "
            "each request)",
            file=out,
        )


def _median(figures: list[Figure]) -> Figure:
    return Figure(*(statistics.median(values) for values in zip(*figures, strict=True)))


def _print_table(out: TextIO, title: str, figures: Mapping[str, Figure]) -> None:
    print(f"{title}:\n", file=out)
    print("| server | requests/s | p99 ms | CPU us/request | x nginx | x empty Granian |", file=out)
    print("|---|---:|---:|---:|---:|---:|", file=out)
    for name, figure in figures.items():
        nginx = figures[NGINX_CLICK if name in (NGINX_CLICK, OUR_CLICK) else NGINX_PIXEL]
        print(
            f"| {name} | {figure.rate:,.0f} | {figure.p99:.1f} | {figure.processor:.1f} "
            f"| {figure.rate / nginx.rate:.2f} | {figure.rate / figures[EMPTY].rate:.2f} |",
            file=out,
        )
    print(file=out)
