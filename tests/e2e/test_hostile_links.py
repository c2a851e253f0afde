"""Received mail of an attacker who knows us: no link passes unlogged, or leads where it should not."""

import re
import smtplib
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from backstamp.tokens import LinkToken, open_token, seal_link
from tests.daemons import free_port
from tests.e2e.server import Server, until

ANN, BEN = "ann@guarded.example", "ben@guarded.example"
EVIL = "https://evil.example/"
HTML = """<html><head>{base}</head><body>
<a href="https://evil.example/plain">plain</a>
<a href="h&#9;tt&#10;ps:/\\evil.example/tab">tabs and line ends in the scheme</a>
<a href="HTTPS://EVIL.example:443/%70ort">spelled differently</a>
<a href="https://www.good.example@evil.example/user">a name before the host</a>
<a href="https://evil.example./dot">a dot behind the host</a>
<a href="https://ev%69l.example/escaped">an escape in the host</a>
<a href="https://ｅvil.example/wide">wide letters</a>
<a href="https://www.google.com/url?q=https%3A%2F%2Fevil.example%2Fredirector">a redirector</a>
<a href="https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example%2Fwrapped&amp;data=1">wrapped</a>
<a href="https://lead.example/on?next={again}">a wrapper in a redirector</a>
<a href="{swapped}">ours, sealed for somebody else</a>
<!--[if mso]><a href="https://evil.example/outlook">Outlook alone shows this</a><![endif]-->
<svg><a xlink:href="https://evil.example/svg"><text>drawn</text></a></svg>
<map name="m"><area href="https://evil.example/area" shape="default"></map>
<a href="https://xn--pypal-4ve.com/login">a confusable name</a>
<a href="https://www.good.example/fine">good</a>
</body></html>"""
TEXT = "Read https://evil.example/text and <https://evil.example/angle> and www.evil.example/bare\r\n"


def readable(mail: bytes) -> str:
    """A mail's text, roughly: our links are whole in it."""
    text = mail.replace(b"\r\n", b"\n").replace(b"=\n", b"").replace(b"=3D", b"=")
    return text.decode("utf-8", "replace")


class Site:
    """The whole product, in front of its own capture mailbox."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port = free_port()
        self.before = 0
        self.server = Server(
            folder,
            {
                "BACKSTAMP_PROTECTION_LISTEN": f"127.0.0.1:{self.port}",
                "BACKSTAMP_PROTECTION_NEXT_HOP": f"lmtp+unix:{folder}/data/capture.sock",
            },
        )

    def run(self, *arguments: str) -> None:
        done = self.server.command(*arguments)
        assert done.returncode == 0, done.stderr.decode()

    def receive(self, html: str, text: str, to: str = ANN) -> bytes:
        """What the mailbox has of a mail."""
        raw = (
            "From: eve@example.org\r\nSubject: hi\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
            f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
            f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b--\r\n"
        )
        wire = re.sub("\r?\n", "\r\n", raw).encode()
        before = self._captured()
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            client.ehlo("mx.guarded.example")
            client.mail("eve@example.org", ["BODY=8BITMIME"])
            client.rcpt(to)
            reply = client.data(wire)
            assert reply[0] == 250, reply
        until("the mail", lambda: self._captured() > before)
        return max(self._captured() - before, key=lambda path: path.stat().st_mtime_ns).read_bytes()

    def _captured(self) -> set[Path]:
        return {path for path in (self.server.data / "capture").rglob("*") if path.is_file()}

    def click(self, url: str, method: str = "GET") -> tuple[int, str]:
        parts = urlsplit(url)
        connection = HTTPConnection("localhost", self.server.edge, timeout=60)
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""))
        reply = connection.getresponse()
        reply.read()
        connection.close()
        return reply.status, reply.getheader("location", "")

    def ours(self, mail: bytes) -> list[str]:
        """Our links in a mail, each once."""
        text = readable(mail)
        return list(dict.fromkeys(re.findall(re.escape(self.server.edge_url) + r"/[A-Za-z0-9_-]{43,}", text)))

    def target(self, url: str) -> str:
        token = open_token(self.server.keyring(), url.rpartition("/")[2])
        assert isinstance(token, LinkToken)
        assert token.protected
        return token.url

    def logged(self) -> list[tuple[object, ...]]:
        return self.server.query(
            "SELECT e.type, l.url, r.address FROM records_event e "
            "JOIN records_link l ON l.message_id = e.message_id AND l.number = e.link_number "
            'JOIN records_recipient r ON r.message_id = e.message_id AND r."index" = e.recipient_index '
            "ORDER BY e.id"
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("hostile") / "server")
    made.server.start()
    made.run("protect", "set", "guarded.example", "--mode", "protect")
    made.run("protect", "own-list", "block", "evil.example")
    until("links are guarded", lambda: made.ours(made.receive(f'<a href="{EVIL}">x</a>', "hi")))
    (evil,) = made.ours(made.receive(f'<a href="{EVIL}">x</a>', "hi"))
    until("the list is in force", lambda: made.click(evil)[0] == 403)
    made.before = until("the clicks are in the log", lambda: len(made.logged()))
    yield made
    made.server.kill()


def hrefs(mail: bytes) -> list[str]:
    """The links of the HTML part, as an independent parser sees them, conditional comments opened."""
    text = readable(mail)
    html = text[text.index("<html>") :].replace("<!--[if mso]>", "").replace("<![endif]-->", "")
    found = LexborHTMLParser(html).css("[href], [xlink\\:href]")
    return [node.attributes.get("href") or node.attributes.get("xlink:href") or "" for node in found]


def test_no_link_leads_to_a_host_that_is_forbidden_and_every_click_is_logged(site: Site) -> None:
    somebodys = seal_link(
        site.server.keyring(),
        domain_id=1,
        tracking_id=1,
        recipient_index=0,
        link_number=1,
        url=EVIL + "swapped",
        protected=True,
        recipient_key=site.server.keyring().recipient_key(BEN),
    )
    again = quote("https://www.google.com/url?q=" + quote(EVIL + "twice", safe=""), safe="")
    html = HTML.format(base="", swapped=f"{site.server.edge_url}/{somebodys}", again=again)
    mail = site.receive(html, TEXT)
    assert all(url.startswith(site.server.edge_url + "/") for url in hrefs(mail)), hrefs(mail)
    ours = site.ours(mail)
    evil = [url for url in ours if "good.example/fine" not in site.target(url)]
    assert len(evil) == len(ours) - 1
    targets = {site.target(url) for url in evil}
    assert {EVIL + "outlook", EVIL + "text", EVIL + "angle", EVIL + "swapped", EVIL + "tab"} <= targets
    answers = {site.target(url): site.click(url) for url in evil}
    assert {status for status, _ in answers.values()} == {403}, answers
    assert {location for _, location in answers.values()} == {""}
    (good,) = [url for url in ours if "good.example/fine" in site.target(url)]
    assert site.click(good) == (302, "https://www.good.example/fine")
    until("every click is logged", lambda: len(site.logged()) >= site.before + len(ours))
    logged = site.logged()[-len(ours) :]
    assert {address for _, _, address in logged} == {ANN}
    assert {url for type_, url, _ in logged if type_ in ("blocked", "warned")} == targets


def test_a_document_that_moves_all_its_links_is_guarded_where_they_lead(site: Site) -> None:
    mail = site.receive(
        '<html><head><base href="https://evil.example/"></head><a href="moved">x</a></html>', "hi"
    )
    (ours,) = site.ours(mail)
    assert site.target(ours) == EVIL + "moved"
    assert site.click(ours)[0] == 403


def test_changed_and_swapped_tokens_lead_nowhere(site: Site) -> None:
    first, second = site.ours(
        site.receive('<a href="https://one.example/">1</a><a href="https://two.example/">2</a>', "hi")
    )
    head, tail = first[: len(first) // 2], second[len(second) // 2 :]
    assert site.click(head + tail)[0] == 404
    assert site.click(first + "A")[0] == 404
    # What stands behind a question mark is not read.
    assert site.click(first + "?url=https://evil.example/") == (302, "https://one.example/")


def test_what_becomes_known_bad_later_is_stopped_in_mail_that_lies_there(site: Site) -> None:
    (ours,) = site.ours(site.receive('<a href="https://later.example/a/b?c=1">x</a>', "hi"))
    assert site.click(ours) == (302, "https://later.example/a/b?c=1")
    site.run("protect", "own-list", "block", "later.example")
    began = time.monotonic()
    until("it is blocked", lambda: site.click(ours)[0] == 403, 60)
    assert time.monotonic() - began < 12, "before the policy is published for no reason"
