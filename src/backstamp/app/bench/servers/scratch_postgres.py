"""A PostgreSQL server of our own for a benchmark or a test: in a folder, on a socket there, then gone."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from backstamp.lifetime import die_with_parent

USER: Final = "backstamp"
_STARTS_WITHIN: Final = 30.0
_PACKAGED: Final = Path("/usr/lib/postgresql")
"""Debian keeps each version's programs below; the newest is taken."""


def programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs, None where there are none."""
    packaged = sorted(_PACKAGED.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    folders = [*map(str, packaged), os.environ.get("PATH", "")]
    found = shutil.which("pg_ctl", path=os.pathsep.join(folders))
    return None if found is None else Path(found).resolve().parent


class ScratchPostgres:
    """A running server; `remove` ends it. Who may open its folder may do everything in it."""

    def __init__(self, options: Mapping[str, str], parent: Path | None = None) -> None:
        """Make and start a server with these settings, in a new folder (in `parent` if given).

        Raises `FileNotFoundError` where PostgreSQL is not installed, `CalledProcessError`, and
        `ChildProcessError` with the end of its log where it does not start.
        """
        found = programs()
        if found is None:
            raise FileNotFoundError("PostgreSQL's server programs are not installed")
        self._programs = found
        self._options = {"listen_addresses": "", "max_connections": "50", **options}
        self.folder = Path(tempfile.mkdtemp(prefix="backstamp-pg-", dir=parent))
        self.data = self.folder / "data"
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._run("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers. It stops, too, when the thread that started it ends."""
        settings = [part for name, value in self._options.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(self.data), "-k", str(self.folder), *settings]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd="/",
                preexec_fn=partial(die_with_parent, os.getpid(), signal.SIGINT),
                **self._as_user,
            )
        deadline = time.monotonic() + _STARTS_WITHIN
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise ChildProcessError((self.folder / "log").read_text()[-500:])
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it; clients are cut off."""
        self._server.send_signal(signal.SIGINT)
        self._server.wait()

    def remove(self) -> None:
        """Stop it for good, and delete all it has."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        asked = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder)]
        return subprocess.run(asked, check=False).returncode == 0

    def url(self, name: str) -> str:
        """Return the URL of one of its databases, as the setting `database.url` takes it."""
        return f"postgresql://{USER}@/{name}?host={quote(str(self.folder), safe='/')}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside any transaction. Raises `psycopg.Error`."""
        import psycopg

        with psycopg.connect(host=str(self.folder), user=USER, dbname=database, autocommit=True) as beside:
            beside.execute(statement.encode())

    def size(self) -> int:
        """Return the octets of its files."""
        return sum(path.stat().st_size for path in self.data.rglob("*") if path.is_file())

    def _run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            [self._programs / program, *map(str, arguments)],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            **self._as_user,
        )
