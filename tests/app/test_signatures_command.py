"""`backstamp signatures`: update from publishers or from files, and how old it all is."""

import json
import time
from pathlib import Path

from backstamp.shared_files import publish_updates
from backstamp.verdicts.published import LISTS, ListCopy, Updates
from tests.app.in_process import Here
from tests.worker.signatures.lists_server import publisher

APPLE = "".join(f"172.{224 + n // 256}.{n % 256}.0/28,GB,GB-EN,London,\n" for n in range(600)).encode()
TELEGRAM = b"91.108.56.0/22\n149.154.160.0/20\n91.105.192.0/23\n"


def test_lists_as_packaged_are_shown_with_their_day(here: Here) -> None:
    shown = here("signatures", "list")
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()
    assert [line.split()[0] for line in lines][:2] == ["apple-relay", "google-image-proxy"]
    assert all("as packaged" in line for line in lines)


def test_a_folder_of_lists_is_taken_where_there_is_no_internet(tmp_path: Path, here: Here) -> None:
    folder = tmp_path / "brought"
    folder.mkdir()
    (folder / "egress-ip-ranges.csv").write_bytes(APPLE)
    (folder / "cidr.txt").write_bytes(TELEGRAM)
    done = here("signatures", "update", "--from", str(folder))
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["apple-relay: 600 networks", "telegram: 3 networks"]
    shown = here("signatures", "list").stdout
    assert shown.count("updated") == 2
    hit = json.dumps(
        {"event": "open", "ip": "172.225.6.18", "headers": {"user_agent": "Mozilla/5.0"}}
    ).encode()
    judged = json.loads(here("verdict", stdin=hit).stdout)
    assert judged["reasons"][0]["signal"] == "bare_mozilla"  # no longer one of Apple's networks


def test_a_bad_file_is_refused_in_one_line_and_changes_nothing(tmp_path: Path, here: Here) -> None:
    good, bad = tmp_path / "egress-ip-ranges.csv", tmp_path / "whatever"
    good.write_bytes(APPLE)
    assert here("signatures", "update", "--from", str(good)).returncode == 0
    kept = (tmp_path / "data" / "signatures.json").read_bytes()
    for data in (APPLE[:-20], b"", b"\x00" * 100, APPLE[: len(APPLE) // 3] * 1, b"0.0.0.0/0,,,,\n" * 600):
        bad.write_bytes(data)
        done = here("signatures", "update", "--list", "apple-relay", "--from", str(bad))
        assert done.returncode == 1
        first, last = done.stderr.splitlines()
        assert first.startswith("apple-relay: not updated: ")
        assert "last good copies stand" in last
        assert (tmp_path / "data" / "signatures.json").read_bytes() == kept


def test_what_is_asked_wrongly_is_answered_in_one_line(tmp_path: Path, here: Here) -> None:
    nameless = tmp_path / "whatever"
    nameless.write_bytes(APPLE)
    for arguments in (
        ["--from", str(nameless)],
        ["--from", str(tmp_path)],
        ["--list", "nobody"],
        ["--url", "http://127.0.0.1/"],
        ["--from", str(tmp_path / "gone")],
    ):
        done = here("signatures", "update", *arguments)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1


def test_a_mirror_is_asked_and_one_that_is_gone_ends_with_1(tmp_path: Path, here: Here) -> None:
    with publisher(APPLE) as server:
        for what, code in (("good", 0), ("gone", 1)):
            done = here("signatures", "update", "--list", "apple-relay", "--url", server.url(what))
            assert done.returncode == code, done.stderr
    assert "600 networks" in here("signatures", "list").stdout


def test_the_doctor_warns_of_lists_that_are_older_than_a_month(tmp_path: Path, here: Here) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    now = int(time.time())
    for days, words in (
        (31, f"{len(LISTS)} of {len(LISTS)} lists of networks are older"),
        (29, "ok     signatures"),
    ):
        copies = (
            ListCopy(
                name=each.name, prefixes=("198.51.100.0/24",), checked_at=now - days * 86_400, changed_at=0
            )
            for each in LISTS
        )
        publish_updates(data / "signatures.json", Updates(tuple(copies)))
        shown = here("doctor").stdout
        assert words in shown
        assert ("fix: run: backstamp signatures update" in shown) == (days > 30)
