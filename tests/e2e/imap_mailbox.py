"""A real Dovecot with one mailbox, for reports."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import trustme

from tests.daemons import free_port, require
from tests.e2e.dovecot import fitting
from tests.e2e.server import until

_SAME = """\
protocols = imap
listen = 127.0.0.1
ssl = yes
auth_mechanisms = plain
auth_failure_delay = 0
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
first_valid_gid = 1
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
_BEFORE_2_4 = """\
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={folder}/mail
}}
"""
_SINCE_2_4 = """\
ssl_server_cert_file = {folder}/server.pem
ssl_server_key_file = {folder}/server.pem
mail_driver = maildir
mail_path = {folder}/mail
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    uid = 65534
    gid = 65534
    home = {folder}/mail
  }}
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
        text = fitting(self.program, _BEFORE_2_4, _SINCE_2_4) + _SAME
        config.write_text(text.format(folder=self.folder, port=self.port, password=PASSWORD))
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
        self.process.wait(90)
        shutil.rmtree(self.folder, ignore_errors=True)
