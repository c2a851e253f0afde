"""`backstamp protect`: what it says and what it writes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.app.in_process import Done, Here

Run = Callable[..., Done]


@pytest.fixture
def protect(installed: Path, here: Here) -> Run:
    return partial(here, "protect")


def test_a_domain_is_protected_from_the_command_line(tmp_path: Path, protect: Run) -> None:
    logo = tmp_path / "logo.gif"
    logo.write_bytes(b"GIF89a\x0a\0\x0a\0")
    code, said, _ = protect(
        *("set", "example.org", "--mode", "protect", "--action", "phishing=warn"),
        *("--may-override", "--contact", "help@example.org", "--logo", str(logo)),
    )
    assert (code, said.partition(";")[0]) == (0, "example.org: protect")
    shown = protect("show", "example.org")[1].splitlines()
    assert {
        *("mode = protect", "action.phishing = warn", "action.malware = block", "may_override = yes"),
        *("contact = help@example.org", "logo = image/gif", "on_unprotected = mark"),
    } <= set(shown)
    assert protect("exception", "add", "example.org", "mailbox", "ann@example.org")[0] == 0
    assert protect("list")[1].startswith("protect  example.org  1 exception  (")


def test_own_lists_are_kept_from_the_command_line(protect: Run) -> None:
    said = protect("own-list", "block", "Evil.example", "--for", "example.org", "--note", "seen")[1]
    assert said.startswith("blocked; ")
    listed = protect("own-list", "list")[1]
    assert listed.startswith("blocked evil.example/  for example.org  seen  (")
    assert protect("own-list", "remove", "evil.example")[2] == "backstamp: that is not on the list\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "co.uk"), "co.uk is a public suffix: below it are the domains of many"),
        (("set", "a.example", "--action", "whim=block"), "Invalid value for '--action': give THREAT=ACTION"),
    ],
)
def test_nonsense_is_refused_in_one_line(protect: Run, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = protect(*arguments)
    assert (code != 0, out, err.count("\n")) == (True, "", 1)
    assert err.startswith(f"backstamp: {said}")
