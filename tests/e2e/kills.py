"""SIGKILL of any process of the product, and when answers may fail for it."""

import contextlib
import os
import random
import signal
from pathlib import Path

from tests.e2e.hit_load import Outages
from tests.e2e.server import Server, descendants, until
from tests.processes import alive


def listeners(server: Server) -> list[int]:
    """The edge's workers that take connections at this moment; the process that started them takes none."""
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    port = f":{server.edge:04X}"
    sockets = {f"socket:[{row[9]}]" for row in table if row[3] == "0A" and row[1].endswith(port)}
    return [pid for pid in server.family()["edge"][1:] if sockets & set(open_files(pid))]


def open_files(pid: int) -> list[str]:
    found = []
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found.append(str(link.readlink()))
        except OSError:
            continue
    return found


def edge_answers(server: Server) -> bool:
    return bool(listeners(server)) and server.edge_is_up()


def kill_edge_worker(server: Server, outages: Outages, dice: random.Random) -> None:
    until("an edge worker listens", lambda: listeners(server))
    living = listeners(server)
    victim = dice.choice(living)
    with outages.during():
        os.kill(victim, signal.SIGKILL)
        until("the killed worker is gone", lambda: not alive(victim))
        if not listeners(server):
            until("the edge answers again", lambda: edge_answers(server))


def kill_edge_main(server: Server, outages: Outages) -> None:
    edge = until("there is an edge", lambda: server.family()["edge"])
    with outages.during():
        os.kill(edge[0], signal.SIGKILL)
        until("all of it is gone", lambda: not any(alive(pid) for pid in edge))
        until("the edge answers again", lambda: edge_answers(server))


def kill_any_of(server: Server, role: str, dice: random.Random) -> None:
    """A role that answers no hits: no outage."""
    if victims := server.family()[role]:
        with contextlib.suppress(ProcessLookupError):  # one that was killed before, and has gone just now
            os.kill(dice.choice(victims), signal.SIGKILL)


def kill_supervisor(server: Server, outages: Outages) -> None:
    assert server.process is not None
    family = descendants(server.process.pid)
    with outages.during():
        server.process.kill()
        server.process.wait()
        until("nothing is left", lambda: not any(alive(pid) for pid in family))
        server.start()


def kill(server: Server, what: str, outages: Outages, dice: random.Random) -> None:
    """Kill an `edge worker`, the `edge main`, the `supervisor`, or some process of another role."""
    if what == "edge worker":
        kill_edge_worker(server, outages, dice)
    elif what == "edge main":
        kill_edge_main(server, outages)
    elif what == "supervisor":
        kill_supervisor(server, outages)
    else:
        kill_any_of(server, what, dice)
