"""rspamd with the packaged rules, as a milter on a socket of our own, for a benchmark; then gone.

Checks that ask the network are off, for there is none to ask; everything that reads the message is on.
"""

import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from backstamp.app.bench.servers.ports import wait_for_socket

USER: Final = "_rspamd"
CONFIGURATION: Final = Path("/etc/rspamd/rspamd.conf")
_STARTS_WITHIN: Final = 120.0
"""Its first start compiles the rules, which took 20 s here."""
_NETWORKED: Final = (
    *("arc", "asn", "bimi", "dkim", "dmarc", "fuzzy_check", "mx_check", "neural", "phishing"),
    *("rbl", "rspamd_update", "spf", "surbl", "url_redirector", "worker-normal", "worker-controller"),
)
_PROXY: Final = """\
milter = yes;
timeout = 120s;
bind_socket = "{socket} mode=0666";
count = 1;
upstream "local" {{ default = yes; self_scan = yes; }}
"""


def program() -> Path | None:
    """Return the installed rspamd, None where there is none."""
    found = shutil.which("rspamd")
    return Path(found) if found and CONFIGURATION.exists() else None


class ScratchRspamd:
    """A running rspamd; `stop` takes all of it away."""

    def __init__(self, program: Path) -> None:
        """Start it and wait until it listens on `socket`. Raises `TimeoutError`."""
        self.folder = Path(tempfile.mkdtemp(prefix="backstamp-rspamd-"))
        self.folder.chmod(0o755)
        self.socket = self.folder / "milter"
        for name in ("local.d", "db", "log", "run"):
            (self.folder / name).mkdir()
        for name in _NETWORKED:
            (self.folder / "local.d" / f"{name}.{_suffix(name)}").write_text("enabled = false;\n")
        (self.folder / "local.d" / "worker-proxy.inc").write_text(_PROXY.format(socket=self.socket))
        owner = pwd.getpwnam(USER)
        for path in (self.folder, *self.folder.rglob("*")):
            shutil.chown(path, owner.pw_uid, owner.pw_gid)
        names = {"LOCAL_CONFDIR": "", "DBDIR": "db", "LOGDIR": "log", "RUNDIR": "run"}
        variables = [f"--var={name}={self.folder / folder}" for name, folder in names.items()]
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [program, "-f", "-u", USER, "-g", USER, "-c", CONFIGURATION, *variables],
                stdout=output,
                stderr=output,
            )
        try:
            wait_for_socket(self.socket, _STARTS_WITHIN)
        except TimeoutError:
            self.stop()
            raise

    def stop(self) -> None:
        """End it, and take its folder away."""
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


def _suffix(name: str) -> str:
    return "inc" if name.startswith("worker-") else "conf"
