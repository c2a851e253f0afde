"""docs/protect-postfix.md, followed to the letter: from nothing to the first blocked click."""

import re
import shlex
import smtplib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from email.message import EmailMessage
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.daemons import free_port
from tests.e2e.postfix import Postfix
from tests.e2e.server import Server, until

pytestmark = pytest.mark.daemon

PAGE = Path(__file__).parents[2] / "docs" / "protect-postfix.md"
ANN = "ann@example.org"
GOOD, BAD = "https://www.example.com/offer?id=1", "https://blocked.example.com/login"


def blocks(name: str) -> list[str]:
    """The blocks of the page with this name, without their indentation."""
    found = re.findall(
        rf"^<!-- {re.escape(name)} -->\n((?:    .*\n|\n(?=    ))+)", PAGE.read_text(), re.MULTILINE
    )
    assert found, f"{PAGE.name} has no block {name}"
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in found]


class Site:
    """The machine of the page, on other ports and in other directories than it has."""

    def __init__(self, folder: Path) -> None:
        self.front, filter_port, back_port = free_port(), free_port(), free_port()
        self._changes = {
            "127.0.0.1:2526": f"127.0.0.1:{filter_port}",
            "[127.0.0.1]:2526": f"[127.0.0.1]:{filter_port}",
            "127.0.0.1:10026": f"127.0.0.1:{back_port}",
            "smtp inet n - y - - smtpd": f"127.0.0.1:{self.front} inet n - n - - smtpd",
        }
        (master,) = blocks("master.cf A")
        self.postfix = Postfix("doc", {}, mailboxes=(ANN,), extra=self._here(master))
        (configuration,) = blocks("backstamp.toml")
        written = tomllib.loads(self._here(configuration))
        folder.mkdir()
        protection = written["protection"]
        (folder / "backstamp.toml").write_text(
            "[protection]\n" + "".join(f"{name} = {value!r}\n" for name, value in protection.items())
        )
        # The data directory and the tracking host are this test's; everything else is the page's.
        assert written["tracking"]["enabled"] is True
        self.server = Server(folder)

    def _here(self, text: str) -> str:
        for there, here in self._changes.items():
            text = text.replace(there, here)
        return text

    def type_commands(self) -> None:
        """What the page says to type, in its order."""
        for line in (line for block in blocks("shell") for line in block.splitlines() if line.strip()):
            program, *arguments = shlex.split(line)
            assert program == "backstamp"
            done = subprocess.run(
                [sys.executable, "-m", "backstamp", *arguments],
                cwd=self.server.folder,
                env=self.server.environment,
                capture_output=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, done.stderr.decode()

    def receive(self, *urls: str) -> list[str]:
        """A stranger's mail with these links: where they lead in the mailbox."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "eve@example.com", ANN, "For you"
        mail.set_content("".join(f'<p><a href="{url}">look here</a></p>' for url in urls), subtype="html")
        before = len(self.postfix.mails(ANN))
        with smtplib.SMTP("127.0.0.1", self.front, timeout=30) as client:
            client.send_message(mail, "eve@example.com", [ANN])
        until("the mail", lambda: len(self.postfix.mails(ANN)) > before)
        text = self.postfix.mails(ANN)[-1].replace(b"=\n", b"").replace(b"=3D", b"=").decode()
        return re.findall(r'href="([^"]+)"', text)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "server")
    try:
        made.postfix.start()
        made.server.start()
        yield made
    finally:
        made.postfix.stop()
        made.server.kill()


def click(url: str) -> tuple[int, str, str]:
    """Status, where it leads, and the page."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    connection.request("GET", parts.path)
    reply = connection.getresponse()
    body = reply.read().decode()
    connection.close()
    return reply.status, reply.getheader("location", ""), body


def test_from_nothing_to_the_first_blocked_click(site: Site) -> None:
    assert site.receive(GOOD) == [GOOD], "it is off until it is switched on"
    site.type_commands()
    until("the policy", lambda: site.receive(GOOD)[0].startswith(site.server.edge_url))
    good, bad = site.receive(GOOD, BAD)
    assert click(good)[:2] == (302, GOOD)
    # The edge may know of the mode a second before it knows of the own list: two commands, two policies.
    until("the own list", lambda: click(bad)[0] == 403)
    status, location, page = click(bad)
    assert (status, location) == (403, "")
    shown = re.sub(r"<[^>]+>", "", page)
    assert "blocked.example.com" in shown
    assert "Example Ltd" in shown
    assert BAD not in re.findall(r'href="([^"]+)"', page)
    until(
        "both clicks in the log",
        lambda: (
            {str(row[0]) for row in site.server.query("SELECT type FROM records_event")}
            >= {"allowed", "blocked"}
        ),
    )
    rows = site.server.query(
        "SELECT e.type, r.address, l.url FROM records_event e "
        'JOIN records_recipient r ON r.message_id = e.message_id AND r."index" = e.recipient_index '
        "JOIN records_link l ON l.message_id = e.message_id AND l.number = e.link_number "
        "WHERE e.type IN ('allowed', 'blocked')"
    )
    assert {("allowed", ANN, GOOD), ("blocked", ANN, BAD)} <= set(rows)
    assert ("blocked", ANN, GOOD) not in rows
