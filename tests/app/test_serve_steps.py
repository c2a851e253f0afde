"""What `serve` prepares, and what it says that one may do next."""

import importlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from backstamp.app.commands.serve import as_typed, next_steps
from backstamp.app.settings import load
from backstamp.app.starting.data_dir import prepare_data_dir
from tests.app.in_process import Here

serve = importlib.import_module("backstamp.app.commands.serve")


def test_a_command_is_shown_with_the_settings_that_were_named() -> None:
    assert as_typed(".venv/bin/backstamp", Path("my.toml")) == ".venv/bin/backstamp --config my.toml"
    assert as_typed("/opt/backstamp/venv/bin/backstamp", None) == "/opt/backstamp/venv/bin/backstamp"
    assert as_typed("/opt/venv/lib/backstamp/__main__.py", None) == "backstamp"


def test_who_tries_it_out_is_led_to_a_timeline_in_three_steps() -> None:
    assert next_steps(".venv/bin/backstamp", link=True, leaves=False, asks_first=False) == [
        "Open the link above; give your address and a password.",
        "Press “Send a sample” there, or run: .venv/bin/backstamp send-test",
        "Open the sample in the test mailbox, load its images, click a link, and watch its timeline.",
    ]


def test_where_consent_is_asked_for_and_mail_leaves_the_steps_say_so() -> None:
    assert next_steps("backstamp", link=False, leaves=True, asks_first=True) == [
        "Open the console and sign in.",
        "Record there, under Policy, that the sample's recipient consents, or it is not tracked.",
        "Press “Send a sample” there, or run: backstamp send-test --from ADDRESS --to ADDRESS",
        "Open the sample where it arrives, load its images, click a link, and watch its timeline.",
    ]


def test_all_that_a_backup_copies_is_there_before_the_first_mail(tmp_path: Path) -> None:
    prepare_data_dir(load(environ={"BACKSTAMP_DATA_DIR": str(tmp_path / "data")}))
    assert (tmp_path / "data" / "journal").is_dir()
    assert (tmp_path / "data" / "keys.json").is_file()


class Prepared(NamedTuple):
    """A supervisor whose preparation has ended so: it tells the commands that it would go on with."""

    code: int
    commands: dict[str, list[str]]

    def run(self, *, prepared: Callable[[int, str], None], **_: object) -> None:
        prepared(self.code, "")


def served(here: Here, code: int) -> tuple[int, str]:
    """Return the exit code of `serve`, and the worker's last word, where the preparation ended so."""
    last: list[Prepared] = []

    def supervisor(commands: dict[str, list[str]], _: object) -> Prepared:
        last.append(Prepared(code, commands))
        return last[0]

    with here.monkeypatch.context() as patch:
        for step in ("heed_while_starting", "configure_logging", "refuse_taken"):
            patch.setattr(serve, step, lambda *_: None)
        patch.setattr(serve, "Supervisor", supervisor)
        done = here("serve")
    return done.returncode, last[0].commands["worker"][-1]


@pytest.mark.parametrize("ended", [1, -signal.SIGBUS, -signal.SIGKILL])
def test_links_go_on_however_the_preparation_of_the_database_fails(here: Here, ended: int) -> None:
    prepare_data_dir(load(environ={"BACKSTAMP_DATA_DIR": str(here.folder / "data")}))
    assert served(here, ended) == (1, "worker"), "there is no policy of before"
    (here.folder / "data" / "snapshot").touch()
    assert served(here, ended) == (0, "--migrate")
    assert served(here, 2) == (2, "worker"), "a fault in the settings mends nobody by waiting"
