"""Dovecot as the keeper of passwords for a test's Postfix (its SASL service, nothing else).

Version 2.4 (Debian 13) names nearly every setting anew, so each configuration here and beside stands twice.
"""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.daemons import free_port, require

_FOLDERS = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
"""
_BEFORE_2_4 = """\
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""
_SINCE_2_4 = """\
ssl = no
auth_allow_cleartext = yes
auth_mechanisms = plain login
auth_failure_delay = 0
passdb passwd-file {{
  passwd_file_path = {folder}/users
}}
userdb static {{
  fields {{
    uid = 65534
    gid = 65534
    home = /nonexistent
  }}
}}
service auth {{
  inet_listener sasl {{
    listen = 127.0.0.1
    port = {port}
  }}
}}
"""


def fitting(program: Path, before: str, since: str) -> str:
    """Return the configuration that this Dovecot reads, of before version 2.4 or since, all in `{folder}`."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=20)
    if [int(number) for number in said.stdout.split(".")[:2]] < [2, 4]:
        return _FOLDERS + before
    return f"dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n{_FOLDERS}{since}"


class Dovecot:
    """A password service; `sasl` is what Postfix's `smtpd_sasl_path` must say."""

    def __init__(self, passwords: dict[str, str]) -> None:
        self.program = require("dovecot")
        self.folder = Path(tempfile.mkdtemp(prefix="backstamp-dovecot-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        users = self.folder / "users"
        users.write_text("".join(f"{user}:{{PLAIN}}{word}\n" for user, word in passwords.items()))
        users.chmod(0o644)
        self.config = self.folder / "dovecot.conf"
        config = fitting(self.program, _BEFORE_2_4, _SINCE_2_4)
        self.config.write_text(config.format(folder=self.folder, port=self.port))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def sasl(self) -> str:
        return f"inet:127.0.0.1:{self.port}"

    def start(self) -> "Dovecot":
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [self.program, "-F", "-c", str(self.config)], stdout=output, stderr=output
            )
        log = self.folder / "log"
        deadline = time.monotonic() + 30
        while not (log.exists() and "starting up" in log.read_text()):
            assert self.process.poll() is None, (self.folder / "output").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(90)
        shutil.rmtree(self.folder, ignore_errors=True)
