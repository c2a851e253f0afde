"""Postfix instances of a test's own: configuration, queue and log in a folder of theirs, on a free port."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tests.daemons import free_port, require

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd {smtpd}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
{extra}
"""


class Postfix:
    """One instance. `settings` go into main.cf; mail for `mailboxes` is kept, all other mail is relayed."""

    def __init__(
        self,
        name: str,
        settings: dict[str, str],
        *,
        mailboxes: tuple[str, ...] = (),
        smtpd: str = "",
        extra: str = "",
    ) -> None:
        self.program = require("postfix")
        # Postfix's own user must reach it, which pytest's folders do not allow.
        self.folder = Path(tempfile.mkdtemp(prefix=f"backstamp-{name}-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.log = self.folder / "log"
        owner = pwd.getpwnam("postfix")
        for folder in ("queue", "data", "mail", "etc"):
            (self.folder / folder).mkdir()
        os.chown(self.folder / "data", owner.pw_uid, owner.pw_gid)
        os.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
        domains = sorted({address.partition("@")[2] for address in mailboxes})
        (self.folder / "etc" / "mailboxes").write_text(
            "".join(f"{address} {address}/\n" for address in mailboxes)
        )
        base = {
            "compatibility_level": "3.6",
            "queue_directory": str(self.folder / "queue"),
            "data_directory": str(self.folder / "data"),
            "command_directory": "/usr/sbin",
            "daemon_directory": "/usr/lib/postfix/sbin",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "maillog_file": str(self.log),
            "maillog_file_prefixes": str(self.folder),
            "syslog_name": name,
            "myhostname": f"{name}.example",
            "mydestination": "",
            "local_transport": "error:no local mail here",
            "local_recipient_maps": "",
            "alias_maps": "",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8",
            "smtp_host_lookup": "native",
            "smtpd_peername_lookup": "no",
            "notify_classes": "",
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "1s",
            "queue_run_delay": "1s",
            "smtp_connection_cache_on_demand": "no",
            "virtual_mailbox_domains": ", ".join(domains),
            "virtual_mailbox_maps": f"texthash:{self.folder / 'etc' / 'mailboxes'}",
            "virtual_mailbox_base": str(self.folder / "mail"),
            "virtual_uid_maps": f"static:{owner.pw_uid}",
            "virtual_gid_maps": f"static:{owner.pw_gid}",
            "virtual_minimum_uid": "1",
        }
        text = "".join(f"{key} = {value}\n" for key, value in (base | settings).items())
        (self.folder / "etc" / "main.cf").write_text(text)
        (self.folder / "etc" / "master.cf").write_text(
            MASTER.format(port=self.port, smtpd=smtpd, extra=extra)
        )
        self.process: subprocess.Popen[bytes] | None = None

    def path(self, name: str) -> Path:
        """A file in the configuration folder."""
        return self.folder / "etc" / name

    def start(self) -> "Postfix":
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [self.program, "-c", str(self.folder / "etc"), "start-fg"], stdout=output, stderr=output
            )
        deadline = time.monotonic() + 30
        while "daemon started" not in self.log_text:
            assert self.process.poll() is None, (self.folder / "output").read_text() + self.log_text
            assert time.monotonic() < deadline, self.log_text
            time.sleep(0.05)
        return self

    def command(self, *words: str) -> str:
        """Run `postqueue`, `postfix`, ... on this instance."""
        program = require(words[0])
        done = subprocess.run(
            [program, "-c", str(self.folder / "etc"), *words[1:]],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def log_text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def deliveries(self, address: str) -> list[str]:
        """The log lines that say what became of mail to an address."""
        return [
            line for line in self.log_text.splitlines() if f"to=<{address}>" in line and "status=" in line
        ]

    def mails(self, address: str) -> list[bytes]:
        """What is in an address's Maildir, oldest first."""
        files = sorted(
            (self.folder / "mail" / address / "new").glob("*"), key=lambda path: path.stat().st_mtime
        )
        return [path.read_bytes() for path in files]

    @property
    def is_empty(self) -> bool:
        """Whether the queue is empty."""
        return "Mail queue is empty" in self.command("postqueue", "-p")

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            subprocess.run(
                [self.program, "-c", str(self.folder / "etc"), "stop"],
                capture_output=True,
                timeout=60,
                check=False,
            )
            self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)
