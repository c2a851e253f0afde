"""`backstamp bench rewrite` times work that was done."""

import io
import sys

import click
import pytest

from backstamp.app.bench import rewrite
from backstamp.rewriting import Options, Plan, plan


def test_messages_that_are_left_as_they_are_give_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    def plan_without_links(raw: bytes, options: Options) -> Plan:
        return plan(raw, Options(links=False, limits=options.limits))

    monkeypatch.setattr(rewrite, "plan", plan_without_links)
    out = io.StringIO()
    with pytest.raises(click.ClickException, match="0 of 12 links and 1 pixel"):
        rewrite.run(out, quick=True)
    assert "20 KB" not in out.getvalue()


def test_where_a_peer_is_not_installed_all_else_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytracking", None)
    monkeypatch.setattr(rewrite, "_CASES", ((24, 12),))
    for name in ("print_memory", "print_growth"):
        monkeypatch.setattr(rewrite, name, lambda *_: None)
    out = io.StringIO()
    rewrite.run(out, quick=True)
    (row,) = [line for line in out.getvalue().splitlines() if line.lstrip().startswith("20 KB")]
    assert "not installed" in row
    assert "12" in row.split()
