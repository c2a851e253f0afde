import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backstamp.app.starting import supervisor
from backstamp.lifetime import module_command
from tests.processes import alive

CHILD = """
import os, signal, sys, time
from pathlib import Path
from backstamp.lifetime import die_with_parent
folder, stubborn = Path(sys.argv[1]), sys.argv[2] == "stubborn"
if stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    def leave(*_):
        (folder / f"stopped.{os.getpid()}").touch()
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
die_with_parent(int(os.environ["BACKSTAMP_PARENT"]))
(folder / f"started.{os.getpid()}").touch()
time.sleep(60)
"""
PARENT = """
import sys
from pathlib import Path
from backstamp.app.starting import supervisor
from backstamp.lifetime import module_command
folder, child, preparation, *kinds = sys.argv[1:]
if "stubborn" in kinds:
    supervisor.STOP_SECONDS = 1.0
commands = {f"{kind}{n}": [sys.executable, "-c", child, folder, kind] for n, kind in enumerate(kinds)}
supervisor.Supervisor(commands, supervisor.child_environment(None)).run(
    preparation=["sh", "-c", preparation],
    prepared=lambda code, _: code and sys.exit(code),
    early=[role for role in commands if role.startswith("early")],
    is_ready=Path(folder, "ready").exists,
    announce=Path(folder, "announced").touch,
)
"""
PREPARING = "until test -e prepared; do sleep 0.02; done; exit $(cat prepared)"


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Tree:
    def __init__(self, folder: Path, kinds: tuple[str, ...], preparation: str) -> None:
        self.folder = folder
        command = [sys.executable, "-c", PARENT, str(folder), CHILD, preparation, *kinds]
        self.process = subprocess.Popen(command, cwd=folder)

    def pids(self, word: str = "started") -> set[int]:
        return {int(path.suffix[1:]) for path in self.folder.glob(f"{word}.*")}

    def wait_for(self, count: int) -> None:
        until(lambda: len(self.pids()) >= count, f"{count} children started")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Tree]]:
    trees: list[Tree] = []

    def starter(*kinds: str, preparation: str = "") -> Tree:
        tree = Tree(tmp_path, kinds, preparation)
        trees.append(tree)
        tree.wait_for(sum(kind == "early" for kind in kinds) if preparation else len(kinds))
        return tree

    yield starter
    for tree in trees:
        if tree.process.poll() is None:
            tree.process.kill()
        tree.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_every_role_cleanly(start: Callable[..., Tree], number: int) -> None:
    tree = start("ready", "ready")
    tree.process.send_signal(number)
    assert tree.process.wait(60) == 0
    assert tree.pids("stopped") == tree.pids()


def test_a_role_that_dies_is_started_again(start: Callable[..., Tree]) -> None:
    tree = start("ready", "ready")
    first = tree.pids()
    os.kill(min(first), signal.SIGKILL)
    tree.wait_for(3)
    assert sum(alive(pid) for pid in tree.pids()) == 2


def test_a_killed_supervisor_leaves_no_orphan(start: Callable[..., Tree]) -> None:
    tree = start("ready", "ready")
    tree.process.kill()
    until(lambda: not any(alive(pid) for pid in tree.pids()), "all children gone")
    assert tree.pids("stopped") == tree.pids()


def test_a_role_that_does_not_stop_is_killed_after_a_while(start: Callable[..., Tree]) -> None:
    tree = start("stubborn", "ready")
    tree.process.terminate()
    assert tree.process.wait(60) == 0
    assert not any(alive(pid) for pid in tree.pids())


def test_what_there_is_to_say_is_said_once_all_is_ready(start: Callable[..., Tree], tmp_path: Path) -> None:
    tree = start("ready")
    assert not (tmp_path / "announced").exists()
    (tmp_path / "ready").touch()
    until((tmp_path / "announced").exists, "announced")
    (tmp_path / "announced").unlink()
    tree.process.terminate()
    assert tree.process.wait(60) == 0
    assert not (tmp_path / "announced").exists()


def test_early_roles_run_while_the_others_wait_for_what_is_prepared(
    start: Callable[..., Tree], tmp_path: Path
) -> None:
    tree = start("early", "ready", preparation=PREPARING)
    os.kill(min(tree.pids()), signal.SIGKILL)
    tree.wait_for(2)
    assert sum(alive(pid) for pid in tree.pids()) == 1
    (tmp_path / "prepared").write_text("0")
    tree.wait_for(3)
    assert sum(alive(pid) for pid in tree.pids()) == 2


def test_where_nothing_can_be_prepared_the_early_roles_are_stopped_and_the_reason_is_told(
    start: Callable[..., Tree], tmp_path: Path
) -> None:
    tree = start("early", "ready", preparation=PREPARING)
    (tmp_path / "prepared").write_text("3")
    assert tree.process.wait(60) == 3
    assert tree.pids("stopped") == tree.pids()
    assert len(tree.pids()) == 1


def test_a_signal_ends_the_preparation_too(start: Callable[..., Tree], tmp_path: Path) -> None:
    tree = start("early", "ready", preparation="echo $$ > preparing; exec sleep 60")
    until(lambda: (tmp_path / "preparing").exists() and (tmp_path / "preparing").read_text() != "", "begun")
    tree.process.terminate()
    assert tree.process.wait(60) == 0
    assert tree.pids("stopped") == tree.pids()
    until(lambda: not alive(int((tmp_path / "preparing").read_text())), "the preparation is gone")


def test_a_file_that_lies_in_the_current_folder_is_no_module_of_ours(tmp_path: Path) -> None:
    for name in ("msgspec", "dns", "typer", "click", "signal"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('somebody else runs here')\n")
    command = [*supervisor.role_command("worker"), "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_process_of_ours_looks_for_modules_in_the_current_folder() -> None:
    sources = {path: path.read_text() for path in Path(supervisor.__file__).parents[2].rglob("*.py")}
    calls = [text for text in sources.values() if "module_command(" in text]
    assert len(calls) >= 5
    assert [path.name for path, text in sources.items() if "sys.executable" in text] == ["lifetime.py"]
    assert module_command("backstamp", "edge") == [sys.executable, "-P", "-m", "backstamp", "edge"]
