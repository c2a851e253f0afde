"""The whole product as a user runs it: `backstamp serve` in a directory and on ports of its own."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.request import urlopen

import psycopg

from backstamp.app import keyfile
from backstamp.tokens import Keyring
from tests.daemons import free_port
from tests.database import give_database

T = TypeVar("T")
ROLES = ("gateway", "edge", "worker", "console")


def until(what: str, look: Callable[[], T], seconds: float = 120.0) -> T:
    """Return the first true value of `look`; fail with `what` when none came in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)


class Server:
    """`backstamp serve` under test."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.gateway, self.edge, self.console = free_port(), free_port(), free_port()
        self.edge_url = f"http://localhost:{self.edge}"
        self.console_url = f"http://127.0.0.1:{self.console}"
        environment = {
            "BACKSTAMP_DATA_DIR": str(self.data),
            "BACKSTAMP_GATEWAY_LISTEN": f"127.0.0.1:{self.gateway}",
            "BACKSTAMP_EDGE_LISTEN": f"127.0.0.1:{self.edge}",
            "BACKSTAMP_CONSOLE_LISTEN": f"127.0.0.1:{self.console}",
            "BACKSTAMP_TRACKING_URL": self.edge_url,
            "BACKSTAMP_CONSOLE_URL": self.console_url,
            "BACKSTAMP_CONSENT_MODE": "objection",
        }
        self.environment = os.environ | environment | dict(settings or {})
        self.log = folder / "log"
        self.banner = folder / "banner"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, fresh: bool = False, wait: bool = True) -> "Server":
        """Start it, and `wait` until every role answers; `fresh`: it makes its database itself."""
        if not fresh and "BACKSTAMP_DATABASE_URL" not in self.environment:
            give_database(self.data)
        with self.log.open("ab") as log, self.banner.open("wb") as banner:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "backstamp", "serve"],
                cwd=self.folder,
                env=self.environment,
                stdout=banner,
                stderr=log,
            )
        if wait:
            try:
                until("all roles answer", self.is_up, 120)
            except BaseException:
                self.kill()
                raise
        return self

    def is_up(self) -> bool:
        """Whether all roles answer, the gateway has its next hop, and the policy is published."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        # Files first: asking the console twenty times a second takes from what starts.
        if not (self.data / "snapshot").exists() or b"Try next" not in self.banner.read_bytes():
            return False
        try:
            for url in (f"{self.edge_url}/healthz", f"{self.console_url}/sign-in/"):
                with urlopen(url, timeout=10) as reply:
                    reply.read()
            with socket.create_connection(("127.0.0.1", self.gateway), 10) as client:
                # 421 while the capture mailbox, a part of the worker, is not up yet.
                return client.recv(100).startswith(b"220 ")
        except OSError:
            return False

    def edge_is_up(self) -> bool:
        """Whether the edge answers."""
        try:
            with urlopen(f"{self.edge_url}/healthz", timeout=10) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    @property
    def sign_in_link(self) -> str:
        """The one-time link of the banner."""
        return next(line.strip() for line in self.banner.read_text().splitlines() if "/welcome/" in line)

    def command(
        self, *arguments: str, stdin: bytes = b"", seconds: float = 120
    ) -> subprocess.CompletedProcess[bytes]:
        """Run another `backstamp` command against the same settings."""
        return subprocess.run(
            [sys.executable, "-m", "backstamp", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            timeout=seconds,
            check=False,
        )

    def keyring(self) -> Keyring:
        """The key ring in force."""
        return keyfile.read(self.data / "keys.json")

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Read from the database."""
        url = self.environment.get("BACKSTAMP_DATABASE_URL")
        if url:
            with psycopg.connect(url) as server:
                return server.execute(sql.encode(), values or None).fetchall()
        with sqlite3.connect(f"file:{self.data / 'backstamp.db'}?mode=ro", uri=True, timeout=20) as database:
            rows = database.execute(sql, values).fetchall()
        database.close()
        return rows

    def user_agents(self) -> list[str]:
        """The user agent of every ingested hit."""
        rows = self.query(
            "SELECT h.headers FROM records_event e JOIN records_headerset h ON h.id = e.headers_id "
            "WHERE e.type IN ('opened', 'clicked')"
        )
        return [json.loads(str(headers)).get("user_agent", "") for (headers,) in rows]

    def family(self) -> dict[str, list[int]]:
        """The process ids below us, by role; a role's own workers are listed with it, oldest first."""
        assert self.process is not None
        tree: dict[str, list[int]] = {role: [] for role in ROLES}
        for child in children(self.process.pid):
            try:
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # It ended since it was listed.
            role = words[words.index(b"-m") + 2].decode() if b"-m" in words else ""
            if role in tree:
                tree[role] = [child, *descendants(child)]
        return tree

    def stop(self) -> int:
        """Stop it as systemd would; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(90)

    def kill(self) -> None:
        """Kill whatever is left."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def children(pid: int) -> list[int]:
    """The live children of a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return sorted(found)


def descendants(pid: int) -> list[int]:
    """All live processes below one."""
    below = children(pid)
    return [each for child in below for each in (child, *descendants(child))]
