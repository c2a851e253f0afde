"""The doctor on installations that are broken on purpose: it names what is wrong, where, and what to do."""

import errno
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from backstamp.app import keyfile
from backstamp.app.doctor import (
    data_dir,
    database,
    listeners,
    network,
    policy,
    postfix,
    settings_file,
    signatures,
    trust,
)
from backstamp.app.doctor.findings import Finding
from backstamp.app.settings import Settings, load
from backstamp.app.settings.table import DATA_DIR
from backstamp.policy import DomainPolicy, Protection, ProtectionMode
from backstamp.shared_files import publish_snapshot
from tests.daemons import require
from tests.e2e.disks import small_disk
from tests.gateway.running import snapshot


def settings(tmp_path: Path, **given: str) -> Settings:
    file = tmp_path / "backstamp.toml"
    file.write_text("")
    environment = {f"BACKSTAMP_{name}": value for name, value in given.items()}
    return load(file, {"BACKSTAMP_DATA_DIR": str(tmp_path / "data")} | environment)


def told(findings: Iterator[Finding]) -> list[tuple[str, str, str]]:
    return [(each.grade.name, each.text, each.fix) for each in findings]


@pytest.fixture
def answering() -> Iterator[Callable[[bytes, bytes], int]]:
    """Starts a server that greets, then answers whatever comes; returns its port."""
    servers: list[socket.socket] = []

    def start(greeting: bytes, answer: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            with suppress(OSError):  # closed, where nobody came
                client, _ = server.accept()
                with client:
                    client.sendall(greeting)
                    while asked := client.recv(1000):
                        client.sendall(b"221 bye\r\n" if asked[:4].upper() == b"QUIT" else answer)
                        if b"Connection: close" in asked:
                            return

        threading.Thread(target=serve, daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in servers:
        server.close()


NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 3\r\n\r\nok\n"


@pytest.mark.parametrize(
    ("name", "greeting", "answer"),
    [
        ("EDGE_LISTEN", b"", NOT_FOUND),
        ("EDGE_LISTEN", b"220 mx ESMTP Postfix\r\n", b"221 HTTP is not spoken here\r\n"),
        ("CONSOLE_LISTEN", b"", NOT_FOUND),
        ("OPERATIONS_LISTEN", b"", NOT_FOUND),
        ("GATEWAY_LISTEN", b"220 mx ESMTP Postfix\r\n", b""),
        ("SUBMISSION_TLS_LISTEN", b"220 mx ESMTP Postfix\r\n", b""),
        ("REPORTS_LISTEN", b"SSH-2.0-OpenSSH_9.2\r\n", b""),
    ],
)
def test_another_program_on_a_port_of_ours_is_not_taken_for_ours(
    tmp_path: Path, answering: Callable[[bytes, bytes], int], name: str, greeting: bytes, answer: bytes
) -> None:
    port = answering(greeting, answer)
    found = told(listeners.ports(settings(tmp_path, **{name: f"127.0.0.1:{port}"})))
    assert [each[:2] for each in found if f"127.0.0.1:{port}" in each[1]] == [
        ("WRONG", f"another program answers on 127.0.0.1:{port}, so that the role cannot start")
    ]


@pytest.mark.parametrize(
    ("name", "greeting", "answer"),
    [
        ("EDGE_LISTEN", b"", b"HTTP/1.1 200 OK\r\nserver: http\r\n\r\nok"),
        ("GATEWAY_LISTEN", b"220 mx ESMTP Backstamp\r\n", b""),
        ("GATEWAY_LMTP_LISTEN", b"421 4.4.1 the next hop is away\r\n", b""),
        ("REPORTS_LISTEN", b"220 Backstamp reports, SMTP\r\n", b""),
        ("PROTECTION_MILTER_LISTEN", b"", b""),
    ],
)
def test_a_role_of_ours_is_known_by_what_it_says(
    tmp_path: Path, answering: Callable[[bytes, bytes], int], name: str, greeting: bytes, answer: bytes
) -> None:
    port = answering(greeting, answer)
    found = told(listeners.ports(settings(tmp_path, **{name: f"127.0.0.1:{port}"})))
    assert [each[:2] for each in found if f"127.0.0.1:{port}" in each[1]] == [
        ("GOOD", f"127.0.0.1:{port} answers")
    ]


def test_who_says_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        found = told(listeners.ports(settings(tmp_path, GATEWAY_LISTEN=f"127.0.0.1:{port}")))
    assert [each[:2] for each in found if f"127.0.0.1:{port}" in each[1]] == [
        ("NOTE", f"127.0.0.1:{port} takes connections and says nothing within 0 s")
    ]


def test_a_full_disk_of_the_journals_own_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    disk = small_disk(tmp_path / "data" / "journal", 1)
    try:
        with disk.full():
            found = told(data_dir.disk(settings(tmp_path)))
    finally:
        disk.remove()
    assert [what for _, what, _ in found if "journal" in what] == [
        f"{tmp_path / 'data' / 'journal'} cannot be written (No space left on device)"
    ]


def test_what_waits_beside_the_journal_for_a_person_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "journal" / "set-aside"
    assert told(data_dir.journal(settings(tmp_path))) == []
    folder.mkdir(parents=True)
    assert told(data_dir.journal(settings(tmp_path))) == []
    (folder / "0123456789abcdef-0000000000000000.bad").write_bytes(b"x")
    ((grade, what, _),) = told(data_dir.journal(settings(tmp_path)))
    assert (grade, what) == ("NOTE", f"1 damaged stretches or refused records wait in {folder}")


def test_what_in_the_data_directory_is_not_what_it_should_be_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "journal").symlink_to(tmp_path / "unmounted")
    (data / "backstamp.db").mkdir()
    (data / "capture").touch()
    (data / "looking-back").touch()
    (tmp_path / "disk").mkdir()
    (data / "feeds").symlink_to(tmp_path / "disk")
    for others in ("clock", "keys.json", "lost+found"):
        (data / others).touch()
    monkeypatch.setattr(os, "access", lambda path, _: path.name not in ("clock", "feeds"))
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    move = "move it away, or mount what belongs there"
    assert told(data_dir.contents(settings(tmp_path))) == [
        ("WRONG", f"{data}/backstamp.db is no file", move),
        ("WRONG", f"{data}/capture is no folder", move),
        (
            "WRONG",
            f"4000000000 may not read and write {data}/clock",
            f"run: chown -R 4000000000: {data}/clock; chmod -R u+rwX {data}/clock",
        ),
        (
            "WRONG",
            f"4000000000 may not read and write {data}/feeds",
            f"run: chown -R 4000000000: {tmp_path}/disk; chmod -R u+rwX {tmp_path}/disk",
        ),
        ("WRONG", f"{data}/journal is no folder, and leads to {tmp_path}/unmounted", move),
        ("WRONG", f"{data}/looking-back is no folder", move),
    ]


@pytest.mark.parametrize(
    ("number", "what", "fix"),
    [
        (
            errno.EACCES,
            "leads to {}, which 4000000000 may not reach",
            "let 4000000000 enter all folders above it",
        ),
        (
            errno.ESTALE,
            "cannot be looked at (Stale file handle)",
            "see to the disk on which it lies, and mount it again",
        ),
    ],
)
def test_what_lies_where_we_may_or_can_not_look_is_told_and_ends_no_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, what: str, fix: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("backstamp.db", "journal", "keys.json"):
        (data / name).symlink_to(tmp_path / "closed" / name)
    look = Path.stat

    def refused(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if follow_symlinks and path.is_symlink():
            raise OSError(number, os.strerror(number), str(path))
        return look(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refused)
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    assert told(data_dir.contents(settings(tmp_path))) == [
        ("WRONG", f"{data}/{name} {what.format(tmp_path / 'closed' / name)}", fix)
        for name in ("backstamp.db", "journal")
    ]
    assert [text for _, text, _ in told(data_dir.keys(settings(tmp_path)))] == [
        f"{data}/keys.json: cannot be read ({os.strerror(number)})"
    ]
    (data / "keys.json").unlink()
    keyfile.ensure(data / "keys.json")
    assert told(database.database(settings(tmp_path))) == []


def test_of_a_disk_that_is_read_only_nobody_is_told_to_give_files_to_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "clock").touch()
    monkeypatch.setattr(os, "access", lambda _, how: not how & os.W_OK)
    assert [grade for grade, _, _ in told(data_dir.contents(settings(tmp_path)))] == ["WRONG"]
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    assert told(data_dir.contents(settings(tmp_path))) == []


@pytest.mark.parametrize(
    ("why", "fix"),
    [
        ("SSL error: certificate verify failed", "see to sslmode, sslrootcert "),
        ('root certificate file "/etc/ca.pem" does not exist', "see to sslmode, sslrootcert "),
        ('private key file "/etc/client.key" has group or world access', "see to sslmode, sslrootcert "),
        ("server does not support SSL, but SSL was required", "see to sslmode, sslrootcert "),
        ("FATAL: connection requires a valid client certificate", "see to sslmode, sslrootcert "),
        ('FATAL: no pg_hba.conf entry for host "::1", SSL encryption', "let a line of the server's "),
        ("SSL SYSCALL error: EOF detected", "check database.url and whether the server runs"),
        ("FATAL: unsupported startup parameter: options", "set ignore_startup_parameters"),
        ("Connection refused Is the server running", "check database.url and whether the server runs"),
    ],
)
def test_what_postgresql_says_is_told_with_what_helps(why: str, fix: str) -> None:
    assert database.cure(f'connection to server at "10.0.0.1", port 5432 failed: {why}').startswith(fix)


def test_it_says_which_settings_it_looks_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = settings(tmp_path)
    read = ("GOOD", f"read from {tmp_path / 'backstamp.toml'}", "")
    assert told(settings_file.in_use(here)) == [read]
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    ((grade, _, fix),) = told(settings_file.in_use(load(environ={})))
    assert (grade, fix) == ("NOTE", "name yours: backstamp --config FILE doctor")


def test_a_password_in_a_settings_file_that_others_may_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "backstamp.toml"

    def found(text: str, mode: int) -> list[tuple[str, str, str]]:
        file.write_text(text)
        file.chmod(mode)
        return told(settings_file.secrets(load(file, {})))

    secret = '[feeds]\nspamhaus_key = "abc"\n'
    ours = ("WRONG", f"others may read {file}, which holds feeds.spamhaus_key", f"run: chmod 600 {file}")
    assert found(secret, 0o644) == [ours]
    assert found(secret, 0o640) == []
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 4_000_000_000)
        patch.setattr(os, "getegid", lambda: 4_000_000_001)
        ((_, _, fix),) = found(secret, 0o644)
    assert fix == f"run: chown root:4000000001 {file}; chmod 640 {file}"
    for url, is_told in (
        ("postgresql://me:word@db.example/mail", True),
        ("postgresql://me@db.example/mail?password=word", True),
        ("postgresql://me@db.example:5432/mail?sslcert=/etc/me.pem", False),
        ("postgresql://[::1]:5432/mail?user=me", False),
    ):
        assert bool(found(f'[database]\nurl = "{url}"\n', 0o644)) is is_told, url
    assert found('[gateway]\nlisten = "127.0.0.1:2525"\n', 0o644) == []


def test_nobody_is_told_to_start_where_the_keys_of_mail_that_is_out_are_missing(tmp_path: Path) -> None:
    """That start would make others."""
    data = tmp_path / "data"
    data.mkdir()
    keys = data / "keys.json"
    assert [grade for grade, _, _ in told(data_dir.keys(settings(tmp_path)))] == ["NOTE"]
    (data / "snapshot").touch()
    ((grade, what, fix),) = told(data_dir.keys(settings(tmp_path)))
    assert (grade, what) == ("WRONG", f"{keys} is gone")
    assert fix.startswith("restore it from your backup before any start: ")
    keys.symlink_to(tmp_path / "unmounted")
    ((grade, what, _),) = told(data_dir.keys(settings(tmp_path)))
    assert (grade, what) == ("WRONG", f"{keys} leads to {tmp_path}/unmounted, which is not there")


def test_a_next_hop_that_speaks_lmtp_only_is_told_to_be_that(
    tmp_path: Path, answering: Callable[[bytes, bytes], int]
) -> None:
    port = answering(b"220 mx LMTP\r\n", b"500 5.5.1 LHLO is what we say\r\n")
    hop = settings(tmp_path, GATEWAY_NEXT_HOP=f"smtp://127.0.0.1:{port}")
    ((grade, what, fix),) = told(network.next_hop(hop))
    assert (grade, what) == ("WRONG", f"127.0.0.1:{port} does not understand our greeting (500)")
    assert "lmtp://" in fix


def test_a_next_hop_without_tls_from_the_start_is_not_blamed_for_its_certificate(
    tmp_path: Path, answering: Callable[[bytes, bytes], int]
) -> None:
    port = answering(b"220 mx ESMTP\r\n", b"500 what\r\n")
    hop = settings(tmp_path, GATEWAY_NEXT_HOP=f"smtps://127.0.0.1:{port}")
    ((grade, what, fix),) = told(network.next_hop(hop))
    assert grade == "WRONG"
    assert f"127.0.0.1:{port} and we agree on no TLS" in what
    assert "smtp:// in gateway.next_hop" in fix


def test_a_ca_file_that_is_not_there_is_told_and_not_taken_for_a_silent_next_hop(
    tmp_path: Path, answering: Callable[[bytes, bytes], int]
) -> None:
    port = answering(b"220 mx ESMTP\r\n", b"250 mx\r\n")
    hop = settings(
        tmp_path, GATEWAY_NEXT_HOP=f"smtp://127.0.0.1:{port}", GATEWAY_NEXT_HOP_CA=str(tmp_path / "no.pem")
    )
    assert told(network.next_hop(hop)) == [("GOOD", f"127.0.0.1:{port} answers", "")]
    ((grade, what, _),) = told(network.trusted_files(hop))
    assert (grade, what) == ("WRONG", f"there is no file {tmp_path / 'no.pem'}")


def test_a_tracking_host_where_nobody_listens_is_told_from_one_without_tls(
    tmp_path: Path, answering: Callable[[bytes, bytes], int]
) -> None:
    port = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", b"")
    plain = settings(tmp_path, TRACKING_URL=f"https://127.0.0.2:{port}")
    assert told(network.tracking_host(plain))[-1][1].endswith(" does not answer (Connection refused)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "LOCAL_NAMES", frozenset())
        here = settings(tmp_path, TRACKING_URL=f"https://localhost:{port}")
        assert f"localhost:{port} does not speak TLS" in [
            what for _, what, _ in told(network.tracking_host(here))
        ]


def test_each_address_of_the_tracking_host_is_looked_at(
    tmp_path: Path, answering: Callable[[bytes, bytes], int], two_addresses: str
) -> None:
    port = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", b"")
    found = list(network.tracking_host(settings(tmp_path, TRACKING_URL=f"https://{two_addresses}:{port}")))
    assert [(each.subject, each.text) for each in found] == [
        ("tracking host", "two.example is 127.0.0.1, 127.0.0.2"),
        ("tracking host, 127.0.0.1", f"two.example:{port} does not speak TLS"),
        ("tracking host, 127.0.0.2", f"two.example:{port} does not answer (Connection refused)"),
    ]


def test_an_address_to_which_this_machine_has_no_way_is_blamed_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_way(address: tuple[str, int], *_: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", no_way)
    found = told(network.tracking_host(settings(tmp_path, TRACKING_URL="https://[2001:db8::1]")))
    assert [(grade, what) for grade, what, _ in found[1:]] == [
        ("NOTE", "this machine has no way to 2001:db8::1 (Network is unreachable), so it was not looked at")
    ]


def test_a_program_on_any_address_of_a_name_of_ours_is_found(
    tmp_path: Path, answering: Callable[[bytes, bytes], int], two_addresses: str
) -> None:
    port = answering(b"220 mx ESMTP Backstamp\r\n", b"")
    given = settings(tmp_path, GATEWAY_LISTEN=f"{two_addresses}:{port}")

    def greet(other: socket.socket) -> None:
        with other.accept()[0] as client:
            client.sendall(b"220 mx ESMTP Postfix\r\n")

    with socket.create_server(("127.0.0.2", port)) as other:
        threading.Thread(target=greet, args=(other,)).start()
        found = told(listeners.ports(given))
    assert [what for _, what, _ in found if "two.example" in what] == [
        f"another program answers on two.example:{port} (127.0.0.2), so that the role cannot start"
    ]


def test_an_edge_certificate_that_does_not_fit_its_key_is_found_before_the_start(
    tmp_path: Path,
) -> None:
    openssl = require("openssl")
    for name in ("one", "other"):
        made = [str(openssl), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=t.example.org"]
        made += ["-keyout", str(tmp_path / f"{name}.key"), "-out", str(tmp_path / f"{name}.pem")]
        subprocess.run(made, check=True, capture_output=True)

    def pair(chain: str, key: str) -> list[tuple[str, str, str]]:
        files = {"EDGE_TLS_CERTIFICATE": tmp_path / chain, "EDGE_TLS_KEY": tmp_path / key}
        return told(
            network.own_certificate(settings(tmp_path, **{name: str(path) for name, path in files.items()}))
        )

    assert pair("one.pem", "one.key") == []
    ((grade, what, _),) = pair("one.pem", "other.key")
    assert grade == "WRONG"
    assert "cannot be used" in what


def test_a_console_that_others_reach_without_tls_is_told(tmp_path: Path) -> None:
    ((grade, what, fix),) = told(
        network.console_address(settings(tmp_path, CONSOLE_URL="http://console.example.org"))
    )
    assert grade == "WRONG"
    assert "anyone on the way reads passwords" in what
    assert "docs/console.md" in fix
    for good in ("http://127.0.0.1:8026", "https://console.example.org"):
        assert told(network.console_address(settings(tmp_path, CONSOLE_URL=good))) == []


def test_a_data_directory_that_is_a_file_is_not_called_missing(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    ((grade, what, _),) = told(data_dir.disk(settings(tmp_path)))
    assert (grade, what) == ("WRONG", f"{tmp_path / 'data'} is no directory")
    for others in (data_dir.contents, data_dir.keys, data_dir.journal):
        assert told(others(settings(tmp_path))) == [], "one thing is wrong"


@pytest.mark.parametrize(
    ("listener", "grades"), [("PROTECTION_LISTEN", ["NOTE"]), ("PROTECTION_LMTP_LISTEN", [])]
)
def test_that_strangers_may_vouch_for_themselves_before_the_queue_is_told(
    tmp_path: Path, listener: str, grades: list[str]
) -> None:
    listening = {listener: "127.0.0.1:2526"}
    found = told(
        trust.trusted_senders(settings(tmp_path, PROTECTION_AUTHSERV_IDS="mx.example.org", **listening))
    )
    assert [grade for grade, *_ in found] == grades
    assert told(trust.trusted_senders(settings(tmp_path, **listening))) == []


MAIN_CF = """\
compatibility_level = 3.6
myhostname = mx.example.org
mydomain = example.org
mydestination = $myhostname, localhost.$mydomain localhost, $mydomain,
  hash:/etc/postfix/more.example, /etc/postfix/more.example, !no.example, pcre:{ {/x.example/ y.example} }
virtual_alias_maps = hash:/etc/postfix/virtual.example
virtual_alias_domains = $virtual_alias_maps OFF.example.
virtual_mailbox_domains = one.example two.example three.example four.example five.example six.example
relay_domains = .sub.example example.org
"""


@pytest.fixture
def main_cf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configuration that the real `postconf` reads."""
    require("postconf")
    folder = tmp_path / "postfix"
    folder.mkdir()
    (folder / "main.cf").write_text(MAIN_CF)
    (folder / "master.cf").write_text("")
    monkeypatch.setenv("MAIL_CONFIG", str(folder))
    return folder / "main.cf"


def publish(settings: Settings, mode: ProtectionMode) -> None:
    domains = {
        "example.org": DomainPolicy(domain_id=1, name="example.org", protection=Protection(mode=mode)),
        "off.example": DomainPolicy(domain_id=2, name="off.example"),
    }
    settings[DATA_DIR].mkdir()
    publish_snapshot(settings.in_data_dir("snapshot"), snapshot(domains=domains))


@pytest.mark.daemon
def test_destinations_of_postfix_that_are_past_the_protection_are_named(
    tmp_path: Path, main_cf: Path
) -> None:
    here = settings(tmp_path)
    publish(here, ProtectionMode.PROTECT)
    first, second = told(postfix.destinations(here))
    assert first == (
        "NOTE",
        "its mydestination has mx.example.org, localhost.example.org, which Backstamp does not know: "
        "no link of that mail is guarded",
        "take them out of mydestination where they are second names, or name each: "
        "backstamp protect set NAME --mode protect (or --mode off)",
    )
    assert second[1].startswith(
        "its virtual_mailbox_domains has one.example, two.example, three.example, four.example, five.example "
        "and 1 more, which Backstamp"
    )
    main_cf.write_text(
        "mydestination = example.org, localhost\nvirtual_alias_maps=\nrelay_domains=off.example\n"
    )
    assert told(postfix.destinations(here)) == [
        ("GOOD", "it takes mail for no domain that Backstamp does not know", "")
    ]
    main_cf.unlink()
    assert told(postfix.destinations(here)) == [], "it does not say"


def test_nothing_is_said_of_postfix_where_there_is_none_or_it_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = settings(tmp_path)
    program = tmp_path / "bin" / "postconf"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nprintf 'a.example\\n\\n\\n\\n'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    assert told(postfix.destinations(here)) == [], "there is no policy yet"
    publish(here, ProtectionMode.OBSERVE)
    assert len(told(postfix.destinations(here))) == 1
    monkeypatch.setattr(postfix, "SECONDS", 0.2)
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    assert told(postfix.destinations(here)) == []
    program.unlink()
    monkeypatch.setattr(postfix, "_TOOL_FOLDERS", ())
    assert told(postfix.destinations(here)) == []


def test_nothing_is_said_of_postfix_where_nothing_is_guarded(tmp_path: Path, main_cf: Path) -> None:
    here = settings(tmp_path)
    publish(here, ProtectionMode.OFF)
    assert told(postfix.destinations(here)) == []


def test_on_a_machine_without_ipv6_an_address_of_it_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WithoutIPv6(socket.socket):
        def __init__(self, family: int = -1, *more: Any, **others: Any) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
            super().__init__(family, *more, **others)

    monkeypatch.setattr(socket, "socket", WithoutIPv6)
    found = told(listeners.ports(settings(tmp_path, GATEWAY_LISTEN="[::1]:25251")))
    assert found[0][:2] == (
        "WRONG",
        "[::1]:25251 cannot be had (Address family not supported by protocol)",
    )


@pytest.mark.parametrize("name", ["snapshot", "snapshot.consents", "snapshot.suppressed", "signatures.json"])
def test_a_pipe_in_the_place_of_what_is_published_is_told_and_not_read(
    tmp_path: Path, main_cf: Path, name: str
) -> None:
    here = settings(tmp_path)
    publish(here, ProtectionMode.PROTECT)
    assert told(postfix.destinations(here)) != []
    path = here.in_data_dir(name)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert f"{path} is no file" in [what for _, what, _ in told(data_dir.contents(here))]
    of_policy = told(policy.policy(here)), told(postfix.destinations(here))
    ((_, lists, _),) = told(signatures.signatures(here))
    assert " lists of networks" in lists
    if name.startswith("snapshot"):
        assert of_policy[0][0][0] == ("NOTE" if name == "snapshot" else "WRONG")
        assert of_policy[1] == []


@pytest.mark.parametrize("part", ["snapshot", "snapshot.consents", "snapshot.suppressed"])
def test_a_policy_that_is_damaged_is_not_called_unpublished(tmp_path: Path, part: str) -> None:
    here = settings(tmp_path)
    publish(here, ProtectionMode.OFF)
    here.in_data_dir(part).write_bytes(b"damaged")
    assert told(policy.policy(here))[0] == (
        "WRONG",
        "what is published is damaged or not whole: a role that starts now goes by no policy",
        "restart the worker, which publishes it anew",
    )


def test_what_is_published_is_not_looked_for_where_there_is_no_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_text("")
    here = settings(tmp_path)
    assert told(policy.policy(here))[0][1] == "not published yet, so no mail is tracked"
    assert " lists of networks" in told(signatures.signatures(here))[0][1]
    assert caplog.messages == []


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST.localdomain", "mx", "mx."])
def test_a_name_by_which_no_server_may_be_called_is_noted_where_mail_really_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: name)
    assert told(network.own_name(settings(tmp_path))) == []
    for hop in ("GATEWAY_NEXT_HOP", "PROTECTION_NEXT_HOP"):
        leaving = {hop: "smtp://127.0.0.1:25"}
        assert told(network.own_name(settings(tmp_path, **leaving))) == [
            (
                "NOTE",
                f"{name} is no full name: some servers refuse it in a greeting, and Received says nothing",
                'set gateway.hostname to a public name of this machine, for example "mx.example.org"',
            )
        ]
        named = settings(tmp_path, GATEWAY_HOSTNAME="mx.example.org", **leaving)
        assert told(network.own_name(named)) == []
