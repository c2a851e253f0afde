"""Setup: the whole product with its capture mailbox, headless Chromium on the recipient's own page.
Test: one-click, the page's buttons, what the gateway and the timeline make of them, and the records by mail.
"""

import re
import smtplib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import person
from tests.e2e.server import Server, until

pytestmark = pytest.mark.daemon
BOB, EVE = "bob@example.net", "eve@example.net"


def send(server: Server, to: str) -> int:
    """Send a newsletter; return the reply's code for a refusal, else 250."""
    mail = EmailMessage()
    mail["From"] = "News <news@example.org>"
    mail["To"] = to
    mail["Subject"] = "News"
    mail.set_content("<p>News</p>", subtype="html")
    try:
        with smtplib.SMTP("127.0.0.1", server.gateway) as client:
            client.send_message(mail)
    except (smtplib.SMTPDataError, smtplib.SMTPRecipientsRefused) as error:
        refused = getattr(error, "recipients", {to: (getattr(error, "smtp_code", 0), b"")})
        return int(refused[to][0])
    return 250


def captured(server: Server, to: str, subject: str) -> EmailMessage | None:
    for path in sorted((server.data / "capture").glob("*.eml")):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        if message["To"] == to and message["Subject"] == subject:
            assert isinstance(message, EmailMessage)
            return message
    return None


def page_of(server: Server, to: str) -> str:
    assert send(server, to) == 250
    mail = until("the mail is in the test mailbox", lambda: captured(server, to, "News"))
    assert mail is not None
    url = re.fullmatch(r"<(http://[^>]+/u/[\w-]+)>", mail["List-Unsubscribe"])
    assert url is not None
    return url[1]


def rows(server: Server, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{server.data / 'backstamp.db'}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def test_a_recipient_unsubscribes_comes_back_stops_measuring_and_gets_the_records(
    backstamp: Callable[..., Server],
) -> None:
    server = backstamp(UNSUBSCRIBE_ADD="true", PRIVACY_CONTACT="dpo@example.org")
    eve = page_of(server, EVE)
    with urlopen(eve, timeout=60) as looked_at:
        assert looked_at.status == 200
    for _ in range(2):
        with urlopen(Request(eve, b"List-Unsubscribe=One-Click"), timeout=60) as answer:
            assert answer.status == 200
    until("the gateway refuses the next one", lambda: send(server, EVE) == 550)
    assert len(rows(server, "SELECT 1 FROM records_event WHERE type = 'unsubscribed'")) == 1
    assert send(server, BOB) == 250

    bob = page_of(server, BOB)
    with person() as browser:
        _on_the_page(browser.new_page(), bob)
    until("the gateway refuses Bob's next one", lambda: send(server, BOB) == 550)
    with person() as browser:
        page = browser.new_page()
        page.goto(bob)
        page.get_by_role("button", name="Subscribe again").click()
        expect(page.get_by_role("status")).to_contain_text("You get the lists of example.org again")
    until("Bob gets mail again", lambda: send(server, BOB) == 250)
    assert rows(server, "SELECT opens, links, recorded_by FROM records_consent") == [
        ("withdrawn", "", "the recipient")
    ]
    records = until("the records are mailed", lambda: captured(server, BOB, "Your records"))
    assert records is not None
    assert records["From"] == "dpo@example.org"
    assert "mail from news@example.org: News" in records.get_content()
    assert EVE not in records.get_content()


def _on_the_page(page: Page, url: str) -> None:
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(url)
    expect(page.get_by_role("heading", name="Your mail from example.org")).to_be_visible()
    expect(page.get_by_text("deleted after 90 days")).to_be_visible()
    expect(page.get_by_role("link", name="dpo@example.org")).to_be_visible()
    for button, said in (
        ("Mail me my records", "go to the address"),
        ("Do not record that I open mail", "Opening is not recorded any more"),
        ("Unsubscribe", "You are unsubscribed"),
    ):
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("status")).to_contain_text(said)
    assert complaints == []
