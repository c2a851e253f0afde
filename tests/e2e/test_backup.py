"""The commands of docs/operate.md, run as they stand there, but for the names of the folders."""

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from backstamp.tokens import seal_link
from tests.daemons import require
from tests.e2e.hit_load import HitLoad, Outages
from tests.e2e.reckoning import reckon
from tests.e2e.server import Server, until
from tests.edge.server_process import ROOT


def commands(heading: str, data: Path, backup: Path) -> str:
    """The one block of shell commands below a heading."""
    section = (
        (ROOT / "docs" / "operate.md").read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    )
    (block,) = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(block).replace("/var/lib/backstamp", str(data)).replace("/backup", str(backup))


def run(script: str) -> None:
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.daemon
@pytest.mark.parametrize("behind", [False, True], ids=["at rest", "with a journal that waits"])
def test_what_was_acknowledged_before_a_backup_under_load_is_there_after_the_restore(
    backstamp: Callable[..., Server], tmp_path: Path, *, behind: bool
) -> None:
    require("sqlite3")
    server = backstamp()
    with HitLoad(server, "kept") as load:
        until("hits are ingested", lambda: len(server.user_agents()) > 50)
        if behind:
            for pid in server.family()["worker"]:
                os.kill(pid, signal.SIGSTOP)
            acknowledged = len(load.acknowledged)
            until("more hits wait", lambda: len(load.acknowledged) > acknowledged + 50)
        before = list(load.acknowledged)
        run(commands("What to back up", server.data, tmp_path / "backup"))
        for pid in server.family()["worker"]:
            os.kill(pid, signal.SIGCONT)
    assert load.unexcused(Outages()) == []
    link = seal_link(
        server.keyring(),
        domain_id=0,
        tracking_id=1,
        recipient_index=0,
        link_number=1,
        url="https://a.example/",
    )
    server.stop()

    def restore(data: Path) -> None:
        run(commands("Restore", data, tmp_path / "backup"))

    restored = backstamp(prepare=restore)
    assert restored.keyring().to_json() == server.keyring().to_json()
    with HitLoad(restored, "new") as after:
        until("hits are answered", lambda: len(after.acknowledged) > 20)
    reckon(restored, [*before, *after.acknowledged])
    assert b"a.example" in restored.command("token", "show", link).stdout
    assert not list((tmp_path / "backup").glob("source-keys*"))
