"""A list at a real nginx: conditional, resumed, and compressed on the way."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.keeping.copies import ListStore
from backstamp.worker.feeds.keeping.standing import Outcome
from backstamp.worker.feeds.lists.jobs import Job
from backstamp.worker.feeds.lists.source import Form, Source
from backstamp.worker.feeds.refreshing.due_lists import refresh_all
from tests.daemons import free_port, require

USER = "user root root;" if os.getuid() == 0 else ""
"""The tests' folders are for their owner."""
CONFIGURATION = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log combined;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  gzip_types text/plain; gzip_min_length 100;
  default_type text/plain;
  server {{
    listen 127.0.0.1:{port}; root {folder}/lists;
    location /plain/ {{ alias {folder}/lists/; }}
    location /slow/ {{ alias {folder}/lists/; limit_rate 40k; }}
    location /gzip/ {{ alias {folder}/lists/; gzip on; }}
    location /slowgzip/ {{ alias {folder}/lists/; gzip on; gzip_comp_level 1; limit_rate 20k; }}
  }}
}}
"""


@dataclass
class Nginx:
    folder: Path
    port: int

    def put(self, text: str) -> None:
        (self.folder / "lists" / "list.txt").write_text(text)

    def answered(self) -> list[str]:
        """The status of each answer so far."""
        time.sleep(0.05)
        return [
            line.split('" ')[1].split()[0] for line in (self.folder / "access.log").read_text().splitlines()
        ]


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    program = require("nginx")
    folder = tmp_path / "nginx"
    (folder / "lists").mkdir(parents=True)
    port = free_port()
    (folder / "conf").write_text(USER + CONFIGURATION.format(folder=folder, port=port))
    with subprocess.Popen([program, "-c", folder / "conf", "-e", folder / "error.log"]) as process:
        try:
            while not (folder / "pid").exists() or not (folder / "pid").read_text():
                time.sleep(0.02)
            yield Nginx(folder, port)
        finally:
            process.terminate()


def refresh(nginx: Nginx, tmp_path: Path, place: str, seconds: float = 10.0) -> Outcome:
    source = Source(
        name="list",
        form=Form.PLAIN,
        threat_type=ThreatType.MALWARE,
        address=f"http://127.0.0.1:{nginx.port}/{place}/list.txt",
        download_seconds=seconds,
    )
    job = Job(sources=(source,), directory=tmp_path / "feeds", lists_path=tmp_path / "lists", only=("list",))
    (outcome,) = refresh_all(job)
    return outcome


def urls(count: int) -> str:
    return "".join(f"https://evil-{number}.example/{number * 7919 % 1009}/login\n" for number in range(count))


@pytest.mark.daemon
@pytest.mark.parametrize("place", ["plain", "gzip"])
def test_a_list_is_fetched_and_then_only_asked_about(nginx: Nginx, tmp_path: Path, place: str) -> None:
    nginx.put(urls(3000))
    assert refresh(nginx, tmp_path, place).text == "3000 entries, 3000 of them new"
    assert refresh(nginx, tmp_path, place).text == "unchanged"
    assert nginx.answered() == ["200", "304"]
    nginx.put(urls(3001))
    assert refresh(nginx, tmp_path, place).text == "3001 entries, 1 of them new"


@pytest.mark.daemon
def test_a_list_that_takes_too_long_is_had_in_pieces(nginx: Nginx, tmp_path: Path) -> None:
    nginx.put(urls(3000))
    outcomes = [refresh(nginx, tmp_path, "slow", seconds=1.2).text for _ in range(6)]
    assert outcomes[0] == "not updated: it was not there within 1.2 s"
    assert "3000 entries, 3000 of them new" in outcomes
    assert "206" in nginx.answered()
    assert len(list(ListStore(tmp_path / "feeds", "list").entries())) == 3000


@pytest.mark.daemon
def test_what_is_compressed_on_the_way_is_never_patched_together(nginx: Nginx, tmp_path: Path) -> None:
    nginx.put(urls(6000))
    assert refresh(nginx, tmp_path, "slowgzip", seconds=0.5).text.startswith("not updated: it was not there")
    assert refresh(nginx, tmp_path, "gzip").text == "6000 entries, 6000 of them new"
    assert nginx.answered() == ["200", "200"]
