"""Dovecot as the keeper of passwords for a test's Postfix (its SASL service, nothing else)."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.daemons import free_port, require

CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
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
        self.config.write_text(CONFIG.format(folder=self.folder, port=self.port))
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
            self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)
