"""The bench measures what it says it measures."""

import io
import os
import re
from types import SimpleNamespace

import pytest

from backstamp.app.bench import edge as bench
from backstamp.app.bench import wrk
from backstamp.app.bench.servers import edge_servers
from tests.daemons import require


@pytest.mark.daemon
def test_a_quick_run_prints_a_row_for_each_server(monkeypatch: pytest.MonkeyPatch) -> None:
    # One worker makes the same lines; and each second here keeps two cores from the other tests.
    monkeypatch.setattr(bench, "WORKERS", (2,))
    monkeypatch.setattr(bench, "LEAST_PACED_SECONDS", 1)
    require("wrk")
    require("nginx")
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("the bench needs two cores")
    out = io.StringIO()
    bench.run(out, quick=True)
    text = out.getvalue()
    rows = re.findall(r"^\| (.+?) \| ([\d,]+) (?:\| [\d.]+ ){4}\|$", text, re.MULTILINE)
    titles = [
        edge_servers.NGINX_PIXEL,
        edge_servers.NGINX_CLICK,
        edge_servers.EMPTY,
        edge_servers.OUR_PIXEL,
        edge_servers.OUR_CLICK,
    ]
    assert [title for title, _ in rows] == 2 * titles, "kept alive and not"
    assert all(int(rate.replace(",", "")) > 0 for _, rate in rows)
    assert text.count("at half its peak") == 2
    assert re.search(r"private memory of our workers: \d+ MB and \d+ MB;", text)


def test_wrk_is_asked_again_where_somebody_set_the_clock_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = "1363 requests in 307445734561.79m\nSocket errors: timeout 4\nRequests/sec: 0.00\n99% 1.00ms"
    said = iter([broken, "99% 2.00ms\n1478 requests in 1.00s\nRequests/sec: 1478.00"])
    of_day = iter([100.0, 97.0, 97.0, 97.0])
    monkeypatch.setattr(
        wrk, "subprocess", SimpleNamespace(run=lambda *_, **__: SimpleNamespace(stdout=next(said)))
    )
    monkeypatch.setattr(wrk, "time", SimpleNamespace(time=lambda: next(of_day), monotonic=lambda: 7.0))
    figure = wrk.ask(wrk.Server("http://127.0.0.1/", os.getpid()), (), seconds=1, core=0, connections=1)
    assert (figure.rate, figure.p99) == (1478.0, 2.0)


def test_a_missing_program_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "program", lambda name: None if name == "wrk" else f"/usr/bin/{name}")
    out = io.StringIO()
    bench.run(out, quick=True)
    assert out.getvalue() == "bench edge: not run, wrk not installed (Debian: apt install)\n"
