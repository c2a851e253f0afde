import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

import pytest

from backstamp.app import keyfile
from backstamp.app.cli import COMMANDS
from backstamp.app.terminal.by_hand import by_hand
from backstamp.tokens import seal_link, seal_page, seal_pixel
from tests.app.in_process import Here
from tests.daemons import free_port
from tests.database import database_at, start_django


def backstamp(
    folder: Path, *arguments: str, stdin: bytes = b"", settings: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BACKSTAMP_")}
    environment |= {"BACKSTAMP_DATA_DIR": str(folder / "data")} | dict(settings)
    return subprocess.run(
        [sys.executable, "-m", "backstamp", *arguments],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        timeout=200,
        check=False,
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    keyfile.ensure(folder / "keys.json")
    return folder


def test_the_help_lists_every_command(here: Here) -> None:
    shown = here("--help")
    assert shown.returncode == 0
    assert all(f"  {name} " in shown.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_of_its_own(tmp_path: Path, here: Here, name: str) -> None:
    code, output, errors = here(name, "--help")
    assert (code, errors) == (0, "")
    assert output.startswith("Usage: ")
    assert "...\n" not in output.replace("[ARGS]...\n", "").replace("]...\n", ""), "a line is cut"
    assert not (tmp_path / "data").exists(), "asking for help makes nothing"


@pytest.mark.parametrize("arguments", [(), ("keys",), ("protect", "exception")])
def test_a_command_that_lacks_the_rest_shows_its_help_as_it_is_meant_to_be_read(
    here: Here, arguments: tuple[str, ...]
) -> None:
    code, output, errors = here(*arguments)
    assert (code, output) == (2, "")
    _, wanted, _ = here(*arguments, "--help")
    assert errors == wanted


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("nonsense",), 2, "No such command 'nonsense'. (see `"),
        (("serve", "--fast"), 2, "No such option '--fast'"),
        (("--config", "absent.toml", "check-config"), 2, "absent.toml: cannot be read"),
        (("keys", "list"), 2, "there is no key file; start `backstamp serve` once, or restore it"),
        (("bench", "nothing"), 2, "is not one of 'edge', 'rewrite', 'ingest'"),
        (("send-test", "--to", "a@b.example\nBcc: c@d.example"), 2, "'--to': that is no mail address"),
        (("send-test", "--from", "nobody"), 2, "'--from': that is no mail address, LOCAL@DOMAIN"),
        (("send-test", "--from", "ä@b.example"), 2, "must be plain ASCII in one line"),
        (("rewrite", "--recipient", "nobody"), 2, "'--recipient': that is no mail address, LOCAL@DOMAIN"),
        (("bench", "ingest", "--events", "9" * 20), 2, "is not in the range 1<=x<=100000000"),
        (("settings", "--as", "x" * 100_000), 2, "x…"),
        (("--config", "a\x1b[2J\nb", "check-config"), 2, "a\\x1b[2J\\nb: cannot be read"),
        (("send-test",), 1, "no gateway answers on 127.0.0.1:1; start it: backstamp serve"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    here: Here, arguments: tuple[str, ...], code: int, line: str
) -> None:
    left, output, said = here(*arguments, settings={"BACKSTAMP_GATEWAY_LISTEN": "127.0.0.1:1"})
    assert (left, output) == (code, "")
    assert said.startswith("backstamp: ")
    assert line in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("pixel", "new", "Offer", "--to", "nobody"), "'nobody' is no mail address"),
        (("pixel", "new", "Offer", "--from", "a\x1b[2J@b.example"), "is no mail address"),
        (("pixel", "new", " "), "give the mail a name, so that you find it again"),
        (("suppressions", "add", os.fsdecode(b"\xff@b.example")), "'ADDRESS': that is no mail address"),
        (("erase", "nobody"), "'ADDRESS': that is no mail address, LOCAL@DOMAIN"),
        (("sign-in-link", "ann"), "'ann' is no mail address"),
    ],
)
@pytest.mark.usefixtures("data")
def test_a_value_that_is_none_is_a_wrong_call(here: Here, arguments: tuple[str, ...], line: str) -> None:
    code, output, said = here(*arguments)
    assert (code, output) == (2, "")
    assert said.startswith("backstamp: ")
    assert line in said
    assert said.count("\n") == 1


@pytest.mark.usefixtures("data")
def test_a_policy_in_the_way_is_no_wrong_call(here: Here) -> None:
    code, output, said = here("pixel", "new", "Offer")
    assert (code, output) == (1, "")
    assert said.startswith("backstamp: nothing may be tracked: ")


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"TRACKING_URL": "http://127.0.0.1:8025"}, "share the host 127.0.0.1, and cookies ignore ports"),
        ({"EDGE_LISTEN": "127.0.0.1:2525"}, "edge.listen and gateway.listen are both 127.0.0.1:2525"),
        ({"SUBMISSION_LISTEN": "127.0.0.1:5587"}, "submission.listen needs submission.upstream"),
        ({"EDGE_TLS_KEY": "key.pem"}, "edge.tls_certificate and edge.tls_key go together"),
        ({"GATEWAY_TLS_CERTIFICATE": "x.pem", "GATEWAY_TLS_KEY": "y.pem"}, "there is no file"),
        ({"GATEWAY_TRUSTED_NETWORKS": "0.0.0.0/0"}, "trusted_networks"),
        ({"GATEWAY_TRUSTED_NETWORKS": "::/0"}, "trusted_networks"),
        (
            {"CAPTURE_LISTEN": "unix:" + "x" * 120, "GATEWAY_NEXT_HOP": "smtp://127.0.0.1:9"},
            "longer than 107 bytes",
        ),
        ({"CONSOLE_URL": "http://127.0.0.1:8026/console"}, "console.url has a path"),
        ({"GATEWAY_LISTEN": ""}, "gateway.listen is empty"),
    ],
)
def test_settings_that_are_wrong_together_keep_every_role_from_starting(
    here: Here, settings: dict[str, str], line: str
) -> None:
    environment = {f"BACKSTAMP_{name}": value for name, value in settings.items()}
    for command in ("check-config", "serve", "gateway"):
        code, _, said = here(command, settings=environment)
        assert code == 2, said
        assert line in said
        assert said.count("\n") == 1


def test_who_has_no_name_on_this_machine_changes_things_by_their_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_123)
    assert by_hand() == "user 4000123, command line"


def test_a_token_says_what_is_in_it_and_a_strangers_says_not_ours(data: Path, here: Here) -> None:
    ring = keyfile.read(data / "keys.json")
    pixel = seal_pixel(ring, domain_id=3, tracking_id=0xABC)
    shown = here("token", "show", f"http://localhost:8025/{pixel}")
    assert shown.stdout == (
        '{\n  "kind": "pixel",\n  "key_id": 1,\n  "domain_id": 3,\n'
        '  "message": "0000000000000abc",\n  "recipient_key": null\n}\n'
    )
    link = seal_link(
        ring, domain_id=3, tracking_id=1, recipient_index=0, link_number=2, url="https://a.example/"
    )
    assert '"url": "https://a.example/"' in here("token", "show", link).stdout
    page = seal_page(
        ring,
        domain_id=3,
        tracking_id=1,
        recipient_index=4,
        recipient_key=b"recipien",
        sender_domain="a.example",
    )
    shown = here("token", "show", f"http://localhost:8025/u/{page}")
    facts = json.loads(shown.stdout)
    assert (facts["kind"], facts["recipient_index"], facts["sender_domain"]) == (
        "recipient's page",
        4,
        "a.example",
    )
    pasted = here("token", "show", f"<https://t.example.org/{link}>.")
    assert '"url": "https://a.example/"' in pasted.stdout
    stranger = here("token", "show", "A" * 48)
    assert (stranger.returncode, stranger.stderr) == (
        2,
        "backstamp: not ours: no key of this installation opens it\n",
    )


def test_keys_are_listed_without_their_secrets_and_rotated(data: Path, here: Here) -> None:
    secret = (data / "keys.json").read_text().split('"secret": "')[1].split('"')[0]
    assert here("keys", "rotate").stdout.startswith("key 2 seals from now on; 1 older open.")
    listed = here("keys", "list").stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["1", "2"]
    assert listed.splitlines()[1].endswith("seals and opens")
    assert secret not in listed


def test_a_key_of_a_time_that_no_calendar_has_is_listed_all_the_same(data: Path, here: Here) -> None:
    file = data / "keys.json"
    facts = json.loads(file.read_text())
    facts["keys"][0]["created_at"] = 253_402_300_800  # the year 10000
    file.write_text(json.dumps(facts))
    assert here("keys", "list") == (0, "  1  (no such date)        seals and opens\n", "")


def test_a_rewritten_message_is_unwrapped_to_its_very_bytes(tmp_path: Path, data: Path) -> None:
    mail = (
        b"From: ann@example.org\r\nTo: bob@example.net\r\nSubject: hi\r\nMessage-ID: <1@example.org>\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        b'<p>See <a href="https://www.example.com/a?b=1&amp;c=2">this</a></p>\r\n'
    )
    manifest = tmp_path / "manifest.json"
    done = backstamp(
        tmp_path, "rewrite", "--recipient", "bob@example.net", "--manifest", str(manifest), stdin=mail
    )
    assert done.returncode == 0, done.stderr
    assert b"https://www.example.com/a" not in done.stdout
    assert b'width="1" height="1"' in done.stdout
    assert manifest.exists()
    assert backstamp(tmp_path, "unwrap", stdin=done.stdout).stdout == mail


def test_the_doctor_names_a_key_file_that_others_can_read_and_the_fix(data: Path, here: Here) -> None:
    (data / "keys.json").chmod(0o644)
    seen = here("doctor")
    assert seen.returncode == 1
    assert f"fix: run: chmod 600 {data / 'keys.json'}" in seen.stdout
    assert seen.stderr.endswith(" wrong\n")


def test_a_reader_that_leaves_early_is_no_failure_to_speak_of(tmp_path: Path) -> None:
    command = f"{sys.executable} -m backstamp settings | head -1"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, timeout=200, check=True)
    assert done.stdout.startswith(b"data_dir = ")
    assert done.stderr == b""


def test_what_never_ends_is_not_read_for_ever(here: Here) -> None:
    for command in ("rewrite", "unwrap", "report"):
        failed = here(command, "/dev/zero")
        assert (failed.returncode, failed.stderr) == (2, "backstamp: the message is larger than 256 MiB\n")


@pytest.mark.parametrize(
    ("command", "stdin", "line"),
    [
        ("rewrite", b"", "the message is empty"),
        ("unwrap --foreign", b"", "the message is empty"),
        ("report", b"", "the message is empty"),
        ("verdict", b"{}", "line 1: "),
        ("url canonical", b"mailto:a@example.org", "line 1: not an http(s) URL: "),
        (
            "suppressions import -",
            b"name\na@example.org\n",
            "the file's first line names no column `address`",
        ),
        ("suppressions import -", b"address\nnobody\n", "line 2: that is no mail address"),
        ("token show AbC", b"", "not ours: "),
        ("feeds check list --as misp", b"", "list: "),
    ],
)
def test_what_a_command_reads_and_does_not_take_ends_it_with_2(
    here: Here, data: Path, command: str, stdin: bytes, line: str
) -> None:
    (here.folder / "list").write_text("evil.example\n")
    refused = here(*command.split(), stdin=stdin)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"backstamp: {line}")
    assert refused.stderr.count("\n") == 1


def test_ctrl_c_while_the_program_loads_shows_nobody_where(tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "click.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(60)\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "backstamp", "--help"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(slow)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Who runs the tests in the background of a shell ignores it, and so would this process.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"loading\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=200) == (b"", b"")
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize(
    ("way", "code", "line"),
    [
        ("<m >/dev/full", 1, "No space left on device"),
        ("<&-", 2, "the message is empty"),
        ("<m >&-", 1, "Bad file descriptor"),
    ],
)
def test_a_disk_that_is_full_and_what_is_closed_are_said_in_one_line(
    tmp_path: Path, way: str, code: int, line: str
) -> None:
    (tmp_path / "m").write_bytes(b"Subject: x\n\nx")
    environment = os.environ | {"BACKSTAMP_DATA_DIR": str(tmp_path / "data")}
    run = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m backstamp unwrap --foreign {way}'],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert (run.returncode, run.stderr.decode()) == (code, f"backstamp: {line}\n")


def test_the_doctor_says_whether_the_database_answers_and_is_of_this_version(
    tmp_path: Path, data: Path, here: Here
) -> None:
    def of_database(report: str) -> list[str]:
        return [line for line in report.splitlines() if " database: " in line]

    def said() -> list[str]:
        return of_database(here("doctor").stdout)

    def change(statement: str) -> None:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(statement)

    path = data / "backstamp.db"
    assert said() == []
    start_django()
    with database_at(path):
        assert said() == ["note   database: SQLite answers, and is empty"]
        assert here("migrate").returncode == 0
        assert said() == ["ok     database: SQLite answers, and is of this version"]
        change("DELETE FROM django_migrations WHERE app = 'records'")
        assert said() == ["WRONG  database: is older than this program"]
        change(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('records', '9000_new', '2030-01-01')"
        )
        assert said() == ["WRONG  database: is of a newer version of Backstamp (it has 9000_new)"]
        ports = {
            f"BACKSTAMP_{role}_LISTEN": f"127.0.0.1:{free_port()}" for role in ("GATEWAY", "EDGE", "CONSOLE")
        }
        newer = (
            "backstamp: the database cannot be used: it is of a newer version of Backstamp (it has "
            "9000_new); install that one again, or restore the backup of before the upgrade\n"
        )
        assert here("migrate") == (1, "", newer)
        served = backstamp(tmp_path, "serve", settings=ports)
        assert (served.returncode, served.stderr.decode()) == (1, newer)
        elsewhere = {"BACKSTAMP_DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/mail"}
        (away,) = of_database(backstamp(tmp_path, "doctor", settings=elsewhere).stdout.decode())
        assert away.startswith("WRONG  database: cannot be used (")
        assert "secret" not in away
    for beside in ("-wal", "-shm"):
        path.with_name(f"{path.name}{beside}").unlink(missing_ok=True)
    path.write_bytes(b"\xff" * 9000)
    with database_at(path):
        report = here("doctor").stdout
    assert "WRONG  database: cannot be used (file is not a database)\n       fix: restore" in report


def test_the_doctor_looks_at_what_takes_received_mail_and_where_it_goes(tmp_path: Path, data: Path) -> None:
    closed_port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken_port = taken.getsockname()[1]

        def greet() -> None:
            with taken.accept()[0] as client:
                client.sendall(b"220 mx LMTP Backstamp\r\n")

        threading.Thread(target=greet, daemon=True).start()
        seen = backstamp(
            tmp_path,
            "doctor",
            settings={
                "BACKSTAMP_PROTECTION_LMTP_LISTEN": f"127.0.0.1:{taken_port}",
                "BACKSTAMP_PROTECTION_NEXT_HOP": f"smtp://127.0.0.1:{closed_port}",
                "BACKSTAMP_PROTECTION_MILTER_LISTEN": "unix:milter",
            },
        ).stdout.decode()
    assert f"ok     protection.lmtp_listen: 127.0.0.1:{taken_port} answers" in seen
    assert f"note   protection.milter_listen: {data / 'milter'} does not answer" in seen
    assert f"WRONG  next hop of received mail: 127.0.0.1:{closed_port} does not answer" in seen
    assert "fix: start the mail server, or correct protection.next_hop" in seen


@pytest.mark.parametrize(
    "arguments",
    [
        ("sign-in-link",),
        ("links", "list"),
        ("protect", "list"),
        ("suppressions", "list"),
        ("alerts", "list"),
        ("channels", "list"),
        ("rollups", "rebuild"),
        ("erase", "ann@example.org"),
        ("pixel", "new", "Offer"),
        ("keys", "rotate"),
    ],
    ids=" ".join,
)
def test_a_command_that_is_typed_where_nothing_is_makes_nothing_there(
    tmp_path: Path, here: Here, arguments: tuple[str, ...]
) -> None:
    code, output, errors = here(*arguments)
    assert (code, output) == (2, "")
    assert errors == (
        f"backstamp: {tmp_path}/data/keys.json: there is no key file; start `backstamp serve` once, or "
        "restore it; no settings file was found: name it by --config\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("installed")
def test_no_command_puts_new_keys_in_the_place_of_lost_ones(tmp_path: Path, here: Here) -> None:
    keys = tmp_path / "data" / "keys.json"
    keys.unlink()
    for arguments in (("links", "kill", "--host", "evil.example"), ("pixel", "new", "Offer")):
        done = here(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "keys.json: there is no key file; start" in done.stderr
    brought = tmp_path / "cidr.txt"
    brought.write_text("192.0.2.0/24\n")
    here("signatures", "update", "--from", str(brought))
    assert not keys.exists()
