"""An Exim of a test's own, which asks Backstamp by LMTP; `tools/test-daemons` unpacks it, for it cannot be
installed beside Postfix."""

import os
import pwd
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
daemon_smtp_ports = {port} : {back_port}
local_interfaces = 127.0.0.1
primary_hostname = mx.guarded.example
acl_smtp_rcpt = take_ours
begin acl
take_ours:
  accept domains = guarded.example : other.example
begin routers
guarded:
  driver = manualroute
  condition = ${{if !eq{{$received_port}}{{{back_port}}}}}
  domains = guarded.example : other.example
  transport = backstamp
  route_list = * 127.0.0.1 byname
  self = send
mailboxes:
  driver = accept
  domains = guarded.example : other.example
  local_parts = ann : ben : cat
  transport = maildir
begin transports
backstamp:
  driver = smtp
  protocol = lmtp
  port = {filter_port}
maildir:
  driver = appendfile
  directory = {folder}/mail/$local_part_data@$domain_data
  maildir_format
  create_directory
begin retry
* * F,1h,1s
"""
"""The guarded router and the transport are what docs/protect-exim.md says."""


class Exim:
    """One instance: mail comes to `port`, goes to `filter_port` by LMTP, and comes back to `back_port`."""

    def __init__(self, filter_port: int) -> None:
        self._program = require("exim4").resolve()
        self.port, self.back_port = free_port(), free_port()
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
                port=self.port,
                back_port=self.back_port,
                filter_port=filter_port,
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [str(self._program), "-C", str(self._configuration), "-bdf", "-q1s"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("Exim listens", lambda: "listening for SMTP" in self.log_text)

    def stop(self) -> None:
        """End it, and take all of it away."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
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
