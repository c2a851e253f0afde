"""The bench measures what it says it measures."""

import io
import os
import re

import pytest

from backstamp.app.bench import edge as bench
from tests.daemons import require


@pytest.mark.daemon
def test_a_quick_run_prints_a_row_for_each_server() -> None:
    require("wrk")
    require("nginx")
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("the bench needs two cores")
    out = io.StringIO()
    bench.run(out, quick=True)
    rows = re.findall(r"^\| (.+?) \| ([\d,]+) (?:\| [\d.]+ ){4}\|$", out.getvalue(), re.MULTILINE)
    assert [title for title, _ in rows] == [
        bench.NGINX_PIXEL,
        bench.NGINX_CLICK,
        bench.EMPTY,
        bench.OUR_PIXEL,
        bench.OUR_CLICK,
    ]
    assert all(int(rate.replace(",", "")) > 0 for _, rate in rows)


def test_a_missing_program_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_program", lambda name: None if name == "wrk" else f"/usr/bin/{name}")
    out = io.StringIO()
    bench.run(out, quick=True)
    assert out.getvalue() == "bench edge: not run, wrk not installed (Debian: apt install)\n"
