"""Commands in this process, which has loaded what they need: each in one of its own would take a second."""

import io
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from backstamp.app.cli import cli, main


def run(*arguments: str) -> tuple[int, str, str]:
    """Return the exit code, standard output and standard error of a command."""
    done = CliRunner().invoke(cli, arguments)
    return done.exit_code, done.stdout, done.stderr


class Done(NamedTuple):
    """How a command ended, and its words; called as by `subprocess`."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Here:
    """The whole program as it is typed in a folder, with its `data` there and no other settings."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]

    def __call__(
        self, *arguments: str, stdin: bytes = b"", settings: Mapping[str, str] = MappingProxyType({})
    ) -> Done:
        """Run a command."""
        with self.monkeypatch.context() as patch:
            # The program tells its children the settings file by this: not the next test.
            patch.setenv("BACKSTAMP_CONFIG", "")
            for name in [name for name in os.environ if name.startswith("BACKSTAMP_")]:
                patch.delenv(name)
            patch.setenv("BACKSTAMP_DATA_DIR", str(self.folder / "data"))
            for name, value in settings.items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["backstamp", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            with pytest.raises(SystemExit) as left:
                main()
        code = left.value.code
        assert isinstance(code, int)
        return Done(code, *self.capfd.readouterr())
