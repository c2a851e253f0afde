"""`backstamp protect`: what it says and what it writes."""

from pathlib import Path

import pytest

from tests.app.test_cli import backstamp
from tests.database import give_database


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installation")
    give_database(folder / "data")
    return folder


def protect(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = backstamp(folder, "protect", *arguments)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_a_domain_is_protected_from_the_command_line(folder: Path) -> None:
    logo = folder / "logo.gif"
    logo.write_bytes(b"GIF89a\x0a\0\x0a\0")
    code, said, _ = protect(
        *(folder, "set", "example.org", "--mode", "protect", "--action", "phishing=warn"),
        *("--may-override", "--contact", "help@example.org", "--logo", str(logo)),
    )
    assert (code, said.partition(";")[0]) == (0, "example.org: protect")
    shown = protect(folder, "show", "example.org")[1].splitlines()
    assert {
        *("mode = protect", "action.phishing = warn", "action.malware = block", "may_override = yes"),
        *("contact = help@example.org", "logo = image/gif", "on_unprotected = mark"),
    } <= set(shown)
    assert protect(folder, "exception", "add", "example.org", "mailbox", "ann@example.org")[0] == 0
    assert protect(folder, "list")[1].startswith("protect  example.org  1 exception  (")


def test_own_lists_are_kept_from_the_command_line(folder: Path) -> None:
    said = protect(folder, "own-list", "block", "Evil.example", "--for", "example.org", "--note", "seen")[1]
    assert said.startswith("blocked; ")
    listed = protect(folder, "own-list", "list")[1]
    assert listed.startswith("blocked evil.example/  for example.org  seen  (")
    assert protect(folder, "own-list", "remove", "evil.example")[2] == "backstamp: that is not on the list\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "co.uk"), "co.uk is a public suffix: below it are the domains of many"),
        (("set", "a.example", "--action", "whim=block"), "Invalid value for '--action': give THREAT=ACTION"),
    ],
)
def test_nonsense_is_refused_in_one_line(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = protect(folder, *arguments)
    assert (code != 0, out, err.count("\n")) == (True, "", 1)
    assert err.startswith(f"backstamp: {said}")
