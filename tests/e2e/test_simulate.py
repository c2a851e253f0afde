"""Setup: the whole product, loopback trusted as a proxy, its test mailbox as next hop.
Test: `backstamp simulate` acts over HTTP, and its report says what the records say.
"""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from backstamp.shared_files import SnapshotFile
from tests.e2e.server import Server, until

pytestmark = pytest.mark.daemon
RECIPIENTS = 60
WITHOUT_A_SIGN = {"a scanner in a hosting network", "the sender's own view"}


@pytest.mark.timeout(900)
def test_people_and_machines_act_and_the_report_says_how_right_the_verdicts_were(
    backstamp: Callable[..., Server],
) -> None:
    server = backstamp(EDGE_TRUSTED_PROXIES="127.0.0.1")
    done = server.command(
        "simulate", "--recipients", str(RECIPIENTS), "--duration", "5", "--seed", "3", "--json", seconds=800
    )
    assert done.returncode == 0, done.stderr
    marked = json.loads(done.stdout)
    lines = (server.data / "simulation.jsonl").read_text().splitlines()
    truth = [json.loads(line) for line in lines]
    assert marked["played"] == marked["judged"] == len(truth) > RECIPIENTS
    assert {line["status"] for line in truth} == {200, 302}
    assert marked["people_called_machine"] == 0
    assert marked["machines_called_person"] == 0
    # An unnamed scanner is known by its siblings only, and may be left at "unknown"; what has a name may not.
    known = [row for row in marked["by_cast"] if row["name"] not in WITHOUT_A_SIGN]
    assert len(known) > 10
    assert [row for row in known if row["right"] != row["hits"]] == []
    rows = {row["name"]: row for row in marked["by_actor"]}
    for actor in ("prefetch", "scanner", "preview_bot", "proxied_human"):
        assert rows[actor]["hits"] == sum(line["truth"] == actor for line in truth) > 0
    stored = server.query("SELECT COUNT(*) FROM records_event WHERE type IN ('opened', 'clicked')")
    assert stored == [(len(truth),)]
    names = "SELECT COUNT(DISTINCT subject) FROM records_message WHERE subject LIKE 'Simulated reader %: %'"
    assert server.query(names) == [(RECIPIENTS,)]
    again = server.command("simulate", "--report")
    assert again.returncode == 0
    assert again.stdout.decode().startswith(f"{len(truth):,} of {len(truth):,} hits judged")

    with closing(sqlite3.connect(server.data / "backstamp.db", timeout=60)) as database, database:
        database.execute(
            "INSERT INTO records_switch (tracking_off, changed_at, changed_by) "
            "VALUES (1, '2026-03-01 12:00:00', 'test')"
        )
    policy = SnapshotFile(server.data / "snapshot")
    until("the switch is published", lambda: (now := policy.current()) and not now.enabled)
    untracked = server.command("simulate", "--recipients", "1")
    assert untracked.returncode == 1
    assert b"the mail left the gateway without image or links" in untracked.stderr.splitlines()[-1]
