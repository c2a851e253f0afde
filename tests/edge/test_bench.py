"""The bench measures what it says it measures."""

import io
import os
import re

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
    # wrk goes by the time of day: a request of before somebody set that would have waited too long.
    monkeypatch.setattr(wrk, "_LONGEST_WAIT", "120s")
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


def test_a_missing_program_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "program", lambda name: None if name == "wrk" else f"/usr/bin/{name}")
    out = io.StringIO()
    bench.run(out, quick=True)
    assert out.getvalue() == "bench edge: not run, wrk not installed (Debian: apt install)\n"
