"""An Exim of a test's own, which asks Backstamp by LMTP; `tools/test-daemons` unpacks it, for it cannot be
installed beside Postfix."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.daemons import free_port, require
from tests.e2e.server import until

CONFIGURATION = """\
exim_path = {program}
exim_user = mail
exim_group = mail
deliver_drop_privilege
keep_environment =
tls_advertise_hosts =
spool_directory = {folder}/spool
log_file_path = {folder}/log/%s
primary_hostname = mx.guarded.example
{main}
begin acl
acl_check_rcpt:
  accept
acl_check_data:
  warn add_header = X-Checked: by the ACL for DATA
  accept
{acl}
begin routers
{routers}
mailboxes:
  driver = accept
  domains = guarded.example : other.example
  local_parts = ann : ben : cat
  transport = maildir
away:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  transport = remote
  self = send
begin transports
{transports}
remote:
  driver = smtp
  port = {away_port}
maildir:
  driver = appendfile
  directory = {folder}/mail/$local_part_data@$domain_data
  maildir_format
  create_directory
{delivery}
begin retry
* * F,1h,1s
"""
"""What is in braces between the sections is what the page says, on other ports."""


def documented(page: str, name: str) -> str:
    """The lines of a page below a comment of that name."""
    text = (Path(__file__).parents[2] / "docs" / page).read_text()
    found = re.search(rf"^<!-- {re.escape(name)} -->\n((?:    .*\n)+)", text, re.MULTILINE)
    assert found, f"{page} has no block {name}"
    return re.sub(r"^    ", "", found[1], flags=re.MULTILINE)


class Exim:
    """One instance: mail comes to `port`, goes to `filter_port` by LMTP, and comes back to `back_port`."""

    def __init__(self, filter_port: int, *, away_port: int = 9, delivery: str = "") -> None:
        """`delivery` are lines of the transport to the mailboxes, which then takes the place of the ports."""
        self._program = require("exim4").resolve()
        self.port, self.back_port = free_port(), free_port()
        sections = {
            name: self._here(documented("protect-exim.md", f"exim.conf {name}"), filter_port)
            for name in ("main", "acl", "routers", "transports")
        }
        if delivery:
            sections["routers"] = ""
        self.folder = Path(tempfile.mkdtemp(prefix="backstamp-exim-"))
        owner = pwd.getpwnam("mail")
        for name in ("spool", "log", "mail"):
            (self.folder / name).mkdir()
            os.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        self.folder.chmod(0o755)
        self._configuration = self.folder / "exim.conf"
        self._configuration.write_text(
            CONFIGURATION.format(
                program=self._program,
                folder=self.folder,
                away_port=away_port,
                delivery=delivery,
                **sections,
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def _here(self, text: str, filter_port: int) -> str:
        """Return what the page says, on this test's ports."""
        for there, here in (
            ("0.0.0.0.25", f"127.0.0.1.{self.port}"),
            (" 25 :", f" {self.port} :"),
            ("10026", str(self.back_port)),
            ("2526", str(filter_port)),
        ):
            text = text.replace(there, here)
        return text

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [str(self._program), "-C", str(self._configuration), "-bdf", "-q1s"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("Exim listens", lambda: "listening for SMTP" in self.log_text)

    def stop(self) -> None:
        """End it, and take all of it away."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(90)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log_text(self) -> str:
        """What it logged."""
        log = self.folder / "log" / "main"
        return log.read_text() if log.exists() else ""

    def mails(self, address: str) -> list[bytes]:
        """What is in an address's Maildir, oldest first."""
        files = sorted(
            (self.folder / "mail" / address / "new").glob("*"), key=lambda path: path.stat().st_mtime
        )
        return [path.read_bytes() for path in files]
