"""The edge of the product, started while what stands behind it is away."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.request import urlopen

from backstamp.app import keyfile
from backstamp.edge.replies.prepared import GIF
from backstamp.journal import JournalReader
from backstamp.tokens import Keyring, seal_link, seal_pixel
from backstamp.tokens.tracking_ids import first_at
from backstamp.vocabulary import Hit
from tests.e2e.disks import small_disk
from tests.e2e.server import Server, until

URL = "https://www.example.com/offer"


@contextmanager
def edge_only(server: Server) -> Iterator[None]:
    """`backstamp edge` in the data directory of a server that does not run."""
    with (server.folder / "edge.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "backstamp", "edge"], cwd=server.folder, env=server.environment, stderr=log
        )
    try:
        until("the edge answers", server.edge_is_up)
        yield
    finally:
        process.terminate()
        assert process.wait(90) == 0


def ask(server: Server, method: str, token: str, form: str | None = None) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", server.edge, timeout=60)
    connection.request(method, f"/{token}", form, headers={"User-Agent": "a person's browser"})
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply, body


def link(ring: Keyring, tracking_id: int, *, protected: bool = False) -> str:
    return seal_link(
        ring,
        domain_id=0,
        tracking_id=tracking_id,
        recipient_index=0,
        link_number=1,
        url=URL,
        protected=protected,
    )


def hits(data: Path) -> list[Hit]:
    batch = JournalReader(data / "journal").read({}, 1000)
    return [record for _, record in batch.records if isinstance(record, Hit)]


def test_an_edge_started_while_the_database_is_away_serves_the_last_policy(
    backstamp: Callable[..., Server],
) -> None:
    server = backstamp()
    ring = server.keyring()
    killed = f"{77:016x}"
    assert server.command("links", "kill", killed).returncode == 0
    until("the kill is in force", lambda: ask(server, "GET", link(ring, 77))[0].status == 410)
    assert server.stop() == 0
    for name in ("backstamp.db", "backstamp.db-wal", "backstamp.db-shm"):
        (server.data / name).unlink(missing_ok=True)
    before = hits(server.data)
    with edge_only(server):
        assert ask(server, "GET", link(ring, 77))[0].status == 410, "what was switched off stays off"
        reply, _ = ask(server, "GET", link(ring, 78))
        assert (reply.status, reply.getheader("location")) == (302, URL)
        assert ask(server, "GET", seal_pixel(ring, domain_id=0, tracking_id=78))[1] == GIF
    # By the clock they may be in another order, where somebody set it; and each process has a log of its own.
    recorded = [(hit.tracking_id, hit.address) for hit in hits(server.data) if hit not in before]
    assert sorted(recorded) == [(77, None), (78, None), (78, None)]


def test_serve_answers_links_and_takes_mail_before_the_database_can_be_used(
    backstamp: Callable[..., Server],
) -> None:
    server = backstamp()
    assert server.stop() == 0
    database, away = server.data / "backstamp.db", server.data / "away"
    database.rename(away)
    database.write_text("no database")
    started = server.start(wait=False)
    until("the edge answers", server.edge_is_up)
    # Of a message that is not there, but young enough to come yet: housekeeping leaves its events.
    reply, _ = ask(server, "GET", link(server.keyring(), first_at(time.time())))
    assert (reply.status, reply.getheader("location")) == (302, URL)
    until("it is said", lambda: "gateway and edge run with the policy of before" in server.log.read_text())
    away.rename(database)
    until("the worker has the database", lambda: len(server.user_agents()) == 1)
    until("the console, too", started.is_up)


def test_serve_answers_links_from_a_data_directory_that_has_become_read_only(
    backstamp: Callable[..., Server], tmp_path: Path
) -> None:
    disk = small_disk(tmp_path / "disk", 64)
    try:
        server = backstamp()
        assert server.stop() == 0
        (server.data / "capture.sock").unlink(missing_ok=True)  # Python 3.13 takes it away itself.
        shutil.copytree(server.data, disk.place, dirs_exist_ok=True)
        disk.place.chmod(0o700)
        shutil.rmtree(server.data)
        server.data.symlink_to(disk.place)
        assert disk.try_read_only(True)
        server.start(wait=False)
        until("the edge answers", server.edge_is_up)
        reply, _ = ask(server, "GET", link(server.keyring(), 78))
        assert (reply.status, reply.getheader("location")) == (302, URL)
        assert server.stop() == 0
    finally:
        disk.remove()


def test_an_edge_that_never_had_a_policy_redirects_sent_mail_and_asks_before_protected_links(
    tmp_path: Path,
) -> None:
    server = Server(tmp_path, {"BACKSTAMP_PRIVACY_KEEP_ADDRESSES": "true"})
    server.data.mkdir(mode=0o700)
    keyfile.ensure(server.data / "keys.json")
    ring = server.keyring()
    with edge_only(server):
        assert not (server.data / "snapshot").exists()
        with urlopen(
            f"{server.edge_url}/{seal_pixel(ring, domain_id=0, tracking_id=5)}", timeout=60
        ) as reply:
            assert reply.read() == GIF
        sent, _ = ask(server, "GET", link(ring, 6))
        assert (sent.status, sent.getheader("location")) == (302, URL)
        page, body = ask(server, "GET", link(ring, 7, protected=True))
        assert (page.status, page.getheader("location")) == (503, None)
        assert b"This link cannot be checked now" in body
        assert b'method="post"' in body
        onward, _ = ask(server, "POST", link(ring, 7, protected=True), "act=go_on")
        assert (onward.status, onward.getheader("location")) == (303, URL)
    recorded = hits(server.data)
    # By the clock they may be in another order, where somebody set it.
    assert sorted((hit.tracking_id, hit.method) for hit in recorded) == [
        (5, "GET"),
        (6, "GET"),
        (7, "GET"),
        (7, "POST"),
    ]
    assert {hit.address for hit in recorded} == {None}, "the most private setting"
