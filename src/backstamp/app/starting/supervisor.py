"""The supervisor of `backstamp serve`: one child process a role, restarted when it dies, stopped with us.

Some roles may start before what the others need is prepared: an upgrade of a large database takes minutes,
and nobody's link has to wait for it.

Children get their own process group, so that Ctrl-C reaches us alone and we stop them in order; and
they ask the kernel to be stopped when we die (`lifetime.die_with_parent`), so no orphan is left by
`kill -9`.
"""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from backstamp.app.settings import CONFIG_VARIABLE
from backstamp.app.starting.stop_signals import STOP_SIGNALS, heed_no_more
from backstamp.lifetime import module_command

log = logging.getLogger("backstamp.app")

PARENT_VARIABLE: Final = "BACKSTAMP_PARENT"
"""Tells a child whom it must not outlive."""
STOP_SECONDS: Final = 20.0
"""Longest drain; then a child is killed. Docker gives 10 s, systemd 90 s by default."""
FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 10.0
STEADY_SECONDS: Final = 30.0
"""A role that lived this long starts again without a pause."""
_ENDED_BY: Final[Mapping[int, str]] = {
    signal.SIGKILL: "SIGKILL: by hand, or by the kernel for want of memory, as `journalctl -k` says",
    # SQLite's index of its log is a mapped file, which has holes where the blocks of the disk are small.
    signal.SIGBUS: "SIGBUS: mostly a full disk",
}


def role_command(role: str) -> list[str]:
    """Return the command line that runs one role in this very Python."""
    return module_command("backstamp", role)


def child_environment(config_file: Path | None) -> dict[str, str]:
    """Return the environment of a child: ours, our process id, and the settings file we read."""
    environment = os.environ | {PARENT_VARIABLE: str(os.getpid())}
    if config_file is not None:
        environment[CONFIG_VARIABLE] = str(config_file)
    return environment


def how_ended(code: int) -> str:
    """Return how a process ended, for the log."""
    return f"{code} ({_ENDED_BY[-code]})" if -code in _ENDED_BY else str(code)


class _Child:
    def __init__(self, role: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.role = role
        self._command = command
        self._environment = environment
        self._pause = FIRST_PAUSE
        self.start_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    def start(self) -> None:
        self._started = time.monotonic()
        self.process = subprocess.Popen(self._command, env=self._environment, start_new_session=True)

    def reap(self) -> None:
        """Notice a death, and plan the next start."""
        if self.process is None or self.process.poll() is None:
            return
        lived = time.monotonic() - self._started
        self._pause = FIRST_PAUSE if lived >= STEADY_SECONDS else min(self._pause * 2, LONGEST_PAUSE)
        log.error(
            "role %s ended with %s after %.1f s; starting it again in %.1f s",
            self.role,
            how_ended(self.process.returncode),
            lived,
            self._pause,
        )
        self.process = None
        self.start_at = time.monotonic() + self._pause

    def send(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def wait(self, deadline: float) -> bool:
        if self.process is None:
            return True
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True


class Supervisor:
    """Runs roles until a signal to stop, then stops them in the order given."""

    def __init__(self, commands: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._children = [_Child(role, command, environment) for role, command in commands.items()]
        self._stopping = False

    def run(
        self,
        *,
        preparation: Sequence[str],
        prepared: Callable[[int, str], None],
        early: Collection[str],
        is_ready: Callable[[], bool],
        announce: Callable[[], None],
    ) -> None:
        """Start all roles and keep them running; returns when all are stopped.

        The command `preparation` is run first; only roles in `early` do not wait for its end. Then `prepared`
        is called with its exit code and the few words that it printed, and what it raises stops the early
        roles and is raised here. `is_ready` is asked until it first says yes; then `announce` is called once.
        """
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)
        preparing = subprocess.Popen(preparation, env=self._environment, stdout=subprocess.PIPE, text=True)
        try:
            self._keep_running([child for child in self._children if child.role in early], preparing.poll)
            if not self._stopping:
                said, _ = preparing.communicate()
                prepared(preparing.returncode, said.strip())
            self._keep_running(self._children, _once(is_ready, announce))
        finally:
            if preparing.poll() is None:
                preparing.terminate()
            self._stop_all()
            heed_no_more()

    def _keep_running(self, children: Sequence[_Child], end: Callable[[], object]) -> None:
        """Start these, and start again what dies, until `end` returns something or we are told to stop."""
        while not self._stopping:
            for child in children:
                child.reap()
                if child.process is None and not self._stopping and time.monotonic() >= child.start_at:
                    child.start()
            if end() is not None:
                return
            time.sleep(0.1)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _stop_all(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children:
            child.send(signal.SIGTERM)
        for child in self._children:
            if not child.wait(deadline):
                log.error("role %s did not stop within %d s; killing it", child.role, STOP_SECONDS)
                child.send(signal.SIGKILL)
                child.wait(time.monotonic() + 5)


def _once(is_ready: Callable[[], bool], announce: Callable[[], None]) -> Callable[[], None]:
    """Return what calls `announce` the first time that it finds everything ready."""
    waiting = True

    def look() -> None:
        nonlocal waiting
        if waiting and is_ready():
            waiting = False
            announce()

    return look
