"""A new version of Backstamp on the data directory of an older one."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

from backstamp.records import migrations
from backstamp.tokens import seal_link
from tests.e2e.server import Server, until

URL = "https://www.example.com/offer"
BACK = """
import sys
import django
django.setup()
from django.core.management import call_command
call_command("migrate", "records", sys.argv[1], verbosity=0)
"""


def make_older(server: Server) -> None:
    """Take back the last change of the database's tables."""
    names = sorted(path.stem for path in Path(str(migrations.__file__)).parent.glob("0*.py"))
    environment = server.environment | {"DJANGO_SETTINGS_MODULE": "backstamp.app.django_settings"}
    subprocess.run([sys.executable, "-c", BACK, names[-2]], env=environment, check=True, timeout=60)
    assert last_change(server) == names[-2]


def last_change(server: Server) -> object:
    ((name,),) = server.query("SELECT max(name) FROM django_migrations WHERE app = 'records'")
    return name


def test_links_are_answered_while_the_database_is_being_brought_up_to_date(
    backstamp: Callable[..., Server],
) -> None:
    server = backstamp()
    assert server.stop() == 0
    make_older(server)
    older = last_change(server)
    link = seal_link(server.keyring(), domain_id=0, tracking_id=1, recipient_index=0, link_number=1, url=URL)
    with closing(sqlite3.connect(server.data / "backstamp.db", isolation_level=None)) as long:
        long.execute("BEGIN IMMEDIATE")  # for which the upgrade waits
        server.start(wait=False)
        until("the edge answers", server.edge_is_up)
        connection = HTTPConnection("127.0.0.1", server.edge, timeout=60)
        connection.request("GET", f"/{link}")
        reply = connection.getresponse()
        assert (reply.status, reply.getheader("location")) == (302, URL)
        connection.close()
        assert last_change(server) == older
    until("all roles answer", server.is_up)
    assert last_change(server) != older
    assert server.stop() == 0


def test_a_worker_by_itself_brings_an_older_database_up_to_date(backstamp: Callable[..., Server]) -> None:
    server = backstamp()
    assert server.stop() == 0
    newest = last_change(server)
    make_older(server)
    (server.data / "capture.sock").unlink(missing_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", "backstamp", "worker"], cwd=server.folder, env=server.environment
    ) as worker:
        until("it is up to date", lambda: last_change(server) == newest)
        until("it works", (server.data / "capture.sock").exists)
        os.kill(worker.pid, signal.SIGTERM)
        assert worker.wait(90) == 0
