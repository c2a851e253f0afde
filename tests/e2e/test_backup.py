"""The commands of docs/operate.md, run as they stand there, but for the names of the folders."""

import os
import quopri
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest

from backstamp.tokens import seal_link
from tests.daemons import require
from tests.e2e.hit_load import HitLoad, Outages
from tests.e2e.mail_load import MailLoad
from tests.e2e.reckoning import reckon
from tests.e2e.server import Server, until
from tests.edge.server_process import ROOT


def commands(heading: str, data: Path, backup: Path, moved: Path | None = None) -> str:
    """The one block of shell commands below a heading."""
    section = (
        (ROOT / "docs" / "operate.md").read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    )
    (block,) = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    block = str(block).replace("/srv/backstamp", str(moved))
    return block.replace("/var/lib/backstamp", str(data)).replace("/backup", str(backup))


def run(script: str) -> None:
    done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_data_directory_that_was_moved_goes_on_with_links_records_and_journal(
    backstamp: Callable[..., Server],
) -> None:
    server = backstamp()
    with MailLoad(server, "kept") as mails:
        until("a mail was sent", lambda: mails.acknowledged)
    until("it is in the records", lambda: server.query("SELECT 1 FROM records_event WHERE type = 'sent'"))
    mail = quopri.decodestring(next((server.data / "capture").glob("*.eml")).read_bytes()).decode()
    (number,) = re.findall(r"Number (\d+):", mail)
    (link,) = set(re.findall(rf"{server.edge_url}(/[\w-]+)(?=\"[^>]*>a link)", mail))
    with HitLoad(server, "kept") as load:
        until("hits are ingested", lambda: len(server.user_agents()) > 20)
        for pid in server.family()["worker"]:
            os.kill(pid, signal.SIGSTOP)
        ingested = len(load.acknowledged)
        until("more hits wait", lambda: len(load.acknowledged) > ingested + 50)
        assert server.process is not None
        workers = server.family()["worker"]
        server.process.send_signal(signal.SIGTERM)
        until("the edge has ended", lambda: not server.edge_is_up())
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    assert server.process.wait(90) == 0

    def move(data: Path) -> None:
        data.rmdir()
        run(commands("Move the data directory", server.data, data.parent, moved=data))
        shutil.rmtree(server.data)

    moved = backstamp(prepare=move)
    connection = HTTPConnection("127.0.0.1", moved.edge, timeout=60)
    connection.request("GET", link, headers={"User-Agent": "reader"})
    reply = connection.getresponse()
    connection.close()
    assert (reply.status, reply.getheader("Location")) == (302, f"https://www.example.com/{number}")
    with HitLoad(moved, "new") as after:
        until("hits are answered", lambda: len(after.acknowledged) > 20)
    reckon(moved, [*load.acknowledged, *after.acknowledged, "reader"])
    clicked = "SELECT m.subject FROM records_event e JOIN records_message m ON m.tracking_id = e.message_id"
    assert moved.query(f"{clicked} WHERE e.type = 'clicked' AND m.subject <> ''") == [(f"load {number}",)]
    assert moved.command("journal", "verify").returncode == 0


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
