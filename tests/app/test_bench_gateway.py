"""`backstamp bench gateway`, with few mails."""

import io
import os
import re
from collections.abc import Iterator

import click
import pytest

from backstamp.app.bench import gateway
from backstamp.app.bench.servers import mail_arms, our_gateway, scratch_rspamd
from backstamp.app.bench.servers.scratch_postfix import ScratchPostfix
from tests.daemons import free_port, require


def only_few(monkeypatch: pytest.MonkeyPatch, messages: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may start a Postfix")
    for program in ("postfix", "smtp-source", "smtp-sink"):
        require(program)
    monkeypatch.setattr(gateway, "QUICK", (messages, 1))
    # It compiles its rules for 20 s.
    monkeypatch.setattr(scratch_rspamd, "program", lambda: None)


@pytest.fixture
def close_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.daemon
@pytest.mark.usefixtures("close_umask")
def test_a_postfix_of_our_own_can_read_its_folder_whatever_the_umask() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may start a Postfix")
    postfix = ScratchPostfix(require("postfix"), "umask", free_port(), {})
    try:
        postfix.start()
    finally:
        postfix.stop()
    assert "fatal" not in postfix.log_text


@pytest.mark.daemon
def test_all_ways_are_measured_and_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    only_few(monkeypatch, 20)
    out = io.StringIO()
    gateway.run(out, quick=True)
    text = out.getvalue()
    assert "1 rounds of 20 newsletters of 20 KB" in text
    for name in (
        mail_arms.ALONE,
        mail_arms.NOTHING_FILTER,
        mail_arms.OUR_FILTER,
        mail_arms.NOTHING_MILTER,
        mail_arms.OUR_MILTER,
    ):
        assert re.search(rf"^{name} +[1-9]\d* +\d+\.\d\d +\d\.\d\d", text, re.MULTILINE), text
    assert re.search(rf"{mail_arms.OUR_MILTER} .*  \d\.\d\d x {mail_arms.NOTHING_MILTER}\n", text)


@pytest.mark.daemon
def test_a_filter_that_guards_nothing_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    only_few(monkeypatch, 4)
    monkeypatch.setattr(our_gateway, "DOMAIN", "elsewhere.example")
    out = io.StringIO()
    with pytest.raises(click.ClickException, match="Backstamp as content filter guarded 0 of 12 links"):
        gateway.run(out, quick=True)
    assert "mails/s" not in out.getvalue()


def test_without_postfix_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    out = io.StringIO()
    gateway.run(out, quick=True)
    assert "nothing was measured" in out.getvalue()
