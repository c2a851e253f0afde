"""A Postfix of our own for a benchmark or a test: configuration, queue and log in a folder, then gone."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

_STARTS_WITHIN: Final = 120.0
_ENDS_WITHIN: Final = 60.0
_SERVICES: Final = """\
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
"""master.cf, with nothing in a chroot: a folder of ours has none of the files that one needs."""


class ScratchPostfix:
    """One instance, on a port of this machine; `stop` takes all of it away. Only root may start it."""

    def __init__(
        self,
        program: str | Path,
        name: str,
        port: int,
        settings: Mapping[str, str],
        *,
        smtpd: str = "",
        extra: str = "",
    ) -> None:
        """Write the configuration: `settings` for main.cf; smtpd's options, more services for master.cf."""
        self.program = program
        self.port = port
        # Postfix's own user must reach it, which the folders of tempfile and pytest do not allow.
        self.folder = Path(tempfile.mkdtemp(prefix=f"backstamp-{name}-"))
        self.folder.chmod(0o755)
        self.log = self.folder / "log"
        owner = pwd.getpwnam("postfix")
        for folder in ("queue", "data", "mail", "etc"):
            (self.folder / folder).mkdir()
            (self.folder / folder).chmod(0o755)  # whatever the umask
        for folder in ("data", "mail"):
            os.chown(self.folder / folder, owner.pw_uid, owner.pw_gid)
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
        }
        self.path("main.cf").write_text(
            "".join(f"{key} = {value}\n" for key, value in {**base, **settings}.items())
        )
        self.path("master.cf").write_text(_SERVICES.format(port=port, smtpd=smtpd, extra=extra))
        for name in ("main.cf", "master.cf"):
            self.path(name).chmod(0o644)
        self.process: subprocess.Popen[bytes] | None = None

    def path(self, name: str) -> Path:
        """Return the path of a file in the configuration's folder."""
        return self.folder / "etc" / name

    def start(self) -> Self:
        """Start it and wait until it stands. Raises `ChildProcessError` with what it said."""
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [self.program, "-c", str(self.folder / "etc"), "start-fg"], stdout=output, stderr=output
            )
        deadline = time.monotonic() + _STARTS_WITHIN
        while "daemon started" not in self.log_text:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise ChildProcessError((self.folder / "output").read_text() + self.log_text)
            time.sleep(0.05)
        return self

    @property
    def log_text(self) -> str:
        """What it has logged."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self) -> None:
        """End it, and take its folder away."""
        if self.process is not None and self.process.poll() is None:
            subprocess.run(
                [self.program, "-c", str(self.folder / "etc"), "stop"],
                capture_output=True,
                timeout=_ENDS_WITHIN,
                check=False,
            )
            self.process.wait(_ENDS_WITHIN)
        shutil.rmtree(self.folder, ignore_errors=True)
