"""A wish to stop is obeyed in order whenever it comes: while a role starts, while it runs, while it ends."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from backstamp.lifetime import module_command

ROLES = ("serve", "gateway", "edge", "worker", "console")
ENDING = """
import os, signal
from backstamp.app.starting.stop_signals import run_until_signal

async def serve(stop):
    os.kill(os.getpid(), signal.SIGTERM)
    await stop.wait()

run_until_signal(serve)
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    os.kill(os.getpid(), number)
print("in order")
"""


class Starting:
    """A role that stands still in its start: it reads its settings from a pipe."""

    def __init__(self, role: str, folder: Path) -> None:
        pipe = folder / "backstamp.toml"
        os.mkfifo(pipe)
        self.process = subprocess.Popen(
            module_command("backstamp", "--config", str(pipe), role),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
        )
        self.writer = pipe.open("wb")  # opened as soon as it reads

    def say(self, number: int) -> None:
        """Send a signal once it waits for the pipe: one that comes just before would wake nobody."""
        self.writer.write(b"\n")
        self.writer.flush()
        deadline = time.monotonic() + 60
        while self._unread() or self._state() != "S":
            assert time.monotonic() < deadline, "it does not read"
            time.sleep(0.01)
        self.process.send_signal(number)

    def _unread(self) -> int:
        waiting = array("i", [0])
        fcntl.ioctl(self.writer, termios.FIONREAD, waiting)
        return waiting[0]

    def _state(self) -> str:
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0]

    def end(self) -> tuple[int, bytes]:
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


@pytest.fixture
def starting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Starting]:
    made = Starting(request.param, tmp_path)
    yield made
    made.writer.close()
    made.process.kill()
    made.process.communicate()


@pytest.mark.parametrize("starting", ROLES, indirect=True)
def test_a_role_that_is_told_to_stop_while_it_starts_does_so_in_order(starting: Starting) -> None:
    starting.say(signal.SIGTERM)
    assert starting.end() == (0, b"")


@pytest.mark.parametrize("starting", ["serve", "gateway", "worker"], indirect=True)
def test_a_hangup_is_a_wish_to_stop_while_a_role_starts_too(starting: Starting) -> None:
    starting.say(signal.SIGHUP)
    assert starting.end() == (0, b"")


@pytest.mark.parametrize("starting", ["edge", "console"], indirect=True)
def test_a_hangup_asks_those_for_nothing_that_they_do_not_do_anyway(starting: Starting) -> None:
    starting.say(signal.SIGHUP)
    starting.writer.write(b'nonsense = "read to its end"\n')
    starting.writer.close()
    code, said = starting.end()
    assert (code, b"nonsense" in said) == (2, True)


def test_more_wishes_to_stop_do_not_disturb_the_end() -> None:
    command = [sys.executable, "-c", ENDING]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"in order\n", b"")
