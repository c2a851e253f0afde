"""A PostgreSQL server of our own for a benchmark or a test: in a folder, on a socket there, then gone."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

USER: Final = "backstamp"
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

        Raises `FileNotFoundError` where PostgreSQL is not installed, `CalledProcessError`.
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
        """Start it and wait until it answers."""
        settings = " ".join(f"-c {name}={value!r}" for name, value in self._options.items())
        options = f"-k {self.folder} {settings}"
        self._run("pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; clients are cut off."""
        self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def remove(self) -> None:
        """Stop it for good, and delete all it has."""
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

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
