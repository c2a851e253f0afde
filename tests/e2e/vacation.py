"""Somebody who is away: Dovecot takes their mail by LMTP, and its Sieve answers (RFC 5230)."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.daemons import free_port, require
from tests.e2e.dovecot import fitting
from tests.e2e.server import until

_BEFORE_2_4 = """\
protocols = lmtp
ssl = no
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
submission_host = 127.0.0.1:{answers_port}
protocol lmtp {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{folder}/home/away.sieve
  sieve_vacation_send_from_recipient = yes
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""
_SINCE_2_4 = """\
protocols = lmtp
ssl = no
first_valid_uid = 1
first_valid_gid = 1
mail_driver = maildir
mail_path = {folder}/mail
passdb static {{
  fields {{
    nopassword = yes
  }}
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {folder}/home
  }}
}}
submission_host = 127.0.0.1:{answers_port}
protocol lmtp {{
  mail_plugins {{
    sieve = yes
  }}
}}
sieve_script away {{
  path = {folder}/home/away.sieve
}}
sieve_vacation_send_from_recipient = yes
service lmtp {{
  inet_listener lmtp {{
    listen = 127.0.0.1
    port = {port}
  }}
}}
"""
_SCRIPT = 'require ["vacation"];\nvacation :days 1 :subject "I am away" "Back on Monday.";\n'


class Vacation:
    """Mail for anybody that comes to `port` by LMTP is kept, and answered through an SMTP server."""

    def __init__(self, answers_port: int) -> None:
        self._program = require("dovecot")
        require("sievec")
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="backstamp-away-"))
        self._folder.chmod(0o755)
        owner = pwd.getpwnam("mail")
        for name in ("home", "mail"):
            (self._folder / name).mkdir()
            os.chown(self._folder / name, owner.pw_uid, owner.pw_gid)
        (self._folder / "home" / "away.sieve").write_text(_SCRIPT)
        self._config = self._folder / "dovecot.conf"
        self._config.write_text(
            fitting(self._program, _BEFORE_2_4, _SINCE_2_4).format(
                folder=self._folder,
                uid=owner.pw_uid,
                gid=owner.pw_gid,
                port=self.port,
                answers_port=answers_port,
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_text(self) -> str:
        """What it logged."""
        log = self._folder / "log"
        return log.read_text() if log.exists() else ""

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [str(self._program), "-F", "-c", str(self._config)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("Dovecot takes mail", lambda: "starting up" in self.log_text)

    def stop(self) -> None:
        """End it, and take all of it away."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(90)
        shutil.rmtree(self._folder, ignore_errors=True)
