"""`backstamp bench rewrite` times work that was done."""

import io

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
