"""Simulations that the console starts: one at a time, each a process of its own, their last report kept."""

import contextlib
import os
import subprocess
import threading
from pathlib import Path
from typing import Any, Final

import msgspec

from backstamp.app.settings import CONFIG_VARIABLE, Settings
from backstamp.app.settings.data_dir import DataFile
from backstamp.lifetime import module_command

DURATION_SECONDS: Final = 60
"""A person waits for the page: as short as the delays of the echoing scanners (30 s and more) allow."""
_LONGEST_LINE: Final = 300


class SimulationRuns:
    """Starts `backstamp simulate` and says how far it is; a `console.config.Simulations`."""

    def __init__(self, settings: Settings) -> None:
        self._truth = settings.in_data_dir(DataFile.SIMULATION_TRUTH)
        self._report = settings.in_data_dir(DataFile.SIMULATION_REPORT)
        self._config = settings.config_file
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._problem = ""

    def start(self, recipients: int) -> bool:
        """Begin a simulation; False where one is running already."""
        with self._lock:
            if self._running():
                return False
            self._problem = ""
            command = module_command("backstamp", "simulate", "--json")
            command += ["--recipients", str(recipients), "--duration", str(DURATION_SECONDS)]
            environment = dict(os.environ)
            if self._config is not None:
                environment[CONFIG_VARIABLE] = str(self._config)
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
            )
            threading.Thread(target=self._wait, args=(self._process,), daemon=True).start()
        return True

    def running(self) -> bool:
        """Whether a simulation is under way."""
        with self._lock:
            return self._running()

    def acts(self) -> int:
        """Return how many requests were made so far."""
        try:
            with self._truth.open("rb") as file:
                return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 16), b""))
        except OSError:
            return 0

    def problem(self) -> str:
        """Return why the last simulation came to nothing, in one line, or ""."""
        with self._lock:
            return self._problem

    def report(self) -> dict[str, Any] | None:
        """Return the last report, as `backstamp simulate --json` prints it, or None."""
        try:
            found = msgspec.json.decode(self._report.read_bytes())
        except (OSError, msgspec.DecodeError):
            return None
        return found if isinstance(found, dict) else None

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        out, said = process.communicate()
        if process.returncode == 0:
            _replace(self._report, out)
            return
        lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
        with self._lock:
            self._problem = (lines[-1] if lines else "it ended without a word")[:_LONGEST_LINE]


def _replace(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    with contextlib.suppress(OSError):
        part.write_bytes(content)
        part.replace(path)
