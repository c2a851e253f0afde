"""Reports from a mailbox at a real Dovecot: taken once, marked as seen, and never deleted."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.daemons import free_port, require
from tests.e2e.server import Server, until
from tests.worker.bounces import bounce

pytestmark = pytest.mark.daemon

CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
auth_mechanisms = plain
auth_failure_delay = 0
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
mail_location = maildir:{folder}/mail
first_valid_uid = 1
first_valid_gid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={folder}/mail
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
"""
PASSWORD = "opensesame"


class Mailbox:
    """A Dovecot with one mailbox."""

    def __init__(self) -> None:
        require("/usr/lib/dovecot/imap")
        self.program = require("dovecot")
        self.folder = Path(tempfile.mkdtemp(prefix="backstamp-imap-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.folder / "ca.pem"))
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
            str(self.folder / "server.pem")
        )
        for name in ("mail", "mail/cur", "mail/new", "mail/tmp"):
            (self.folder / name).mkdir()
            os.chown(self.folder / name, 65534, 65534)
        config = self.folder / "dovecot.conf"
        config.write_text(CONFIG.format(folder=self.folder, port=self.port, password=PASSWORD))
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [self.program, "-F", "-c", str(config)], stdout=output, stderr=output
            )
        until("Dovecot is up", lambda: "starting up" in self.log)

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def put(self, name: str, mail: bytes) -> None:
        """Deliver a mail."""
        path = self.folder / "mail" / "tmp" / name
        path.write_bytes(mail)
        os.chown(path, 65534, 65534)
        path.rename(self.folder / "mail" / "new" / name)

    def seen(self) -> dict[str, bool]:
        """Whether each mail is marked as seen, by name."""
        found = {path.name: False for path in (self.folder / "mail" / "new").iterdir()}
        for path in (self.folder / "mail" / "cur").iterdir():
            name, _, flags = path.name.partition(":2,")
            found[name] = "S" in flags
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    yield made
    made.stop()


def settings(mailbox: Mailbox, password: str = PASSWORD) -> dict[str, str]:
    return {
        "BACKSTAMP_REPORTS_IMAP": f"imaps://reports@localhost:{mailbox.port}/INBOX",
        "BACKSTAMP_REPORTS_IMAP_PASSWORD": password,
        "BACKSTAMP_REPORTS_IMAP_CA": str(mailbox.folder / "ca.pem"),
        "BACKSTAMP_REPORTS_IMAP_SECONDS": "10",
    }


def test_bounces_in_a_mailbox_are_taken_and_marked_and_stay(tmp_path: Path, mailbox: Mailbox) -> None:
    mailbox.put("1", bounce("anna@example.com").replace(b"\r\n", b"\n"))
    mailbox.put("2", b"From: kim@example.net\nSubject: hello\n\nNo report.\n")
    server = Server(tmp_path, settings(mailbox)).start()
    try:
        until("both are marked", lambda: mailbox.seen() == {"1": True, "2": True})
        rows = server.query("SELECT words, addresses FROM records_unmatchedreport")
        assert rows == [("bounced", "anna@example.com")]
        mailbox.put("3", bounce("bert@example.com").replace(b"\r\n", b"\n"))
        until("the new one is, too", lambda: mailbox.seen() == {"1": True, "2": True, "3": True})
        rows = server.query("SELECT addresses FROM records_unmatchedreport ORDER BY id")
        assert rows == [("anna@example.com",), ("bert@example.com",)], "nothing is taken twice"
    finally:
        server.kill()


def test_a_wrong_password_is_told_in_one_line_without_it_and_nothing_is_touched(
    tmp_path: Path, mailbox: Mailbox
) -> None:
    mailbox.put("1", bounce().replace(b"\r\n", b"\n"))
    server = Server(tmp_path, settings(mailbox, "wrong horse")).start()
    try:
        until("it is told", lambda: "reports.imap cannot be looked at" in server.log.read_text())
        time.sleep(3)
        log = server.log.read_text()
        assert log.count("reports.imap cannot be looked at") == 1, "it does not hammer"
        assert "wrong horse" not in log
        assert "Traceback" not in log
        assert mailbox.seen() == {"1": False}
    finally:
        server.kill()
