"""Setup: the whole product with its capture mailbox, a web page to click to, headless Chromium.
Test: a newcomer's first quarter of an hour: sign in, send, open, click, and watch the timeline change.
"""

import os
import smtplib
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.browser import launched, session
from tests.e2e.server import Server, until

pytestmark = pytest.mark.daemon
ADDRESS = "admin@example.org"
PASSWORD = "correct horse battery staple"


class Shop(BaseHTTPRequestHandler):
    """Where the links of the mails lead."""

    def do_GET(self) -> None:
        referrer = self.headers.get("Referer")
        body = f"<title>Shop</title><h1>Welcome</h1><p id=path>{self.path}</p><p id=from>{referrer}</p>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def send(server: Server, shop: str, subject: str) -> None:
    mail = EmailMessage()
    mail["From"] = "Ann <ann@example.org>"
    mail["To"] = "bob@example.net"
    mail["Subject"] = subject
    mail["Message-ID"] = "<first@example.org>"
    mail.set_content(f"Hello Bob,\n\nsee {shop}/text\n")
    mail.add_alternative(
        f'<h1>Hello Bob</h1><p><a href="{shop}/offer?a=1&amp;b=2">The offer</a></p>'
        f'<p>or <a href="{shop}/other">another</a></p>',
        subtype="html",
    )
    with smtplib.SMTP("127.0.0.1", server.gateway) as client:
        client.send_message(mail)


def sign_in(server: Server, page: Page) -> None:
    page.goto(f"{server.console_url}/sign-in/")
    page.get_by_label("E-mail").fill(ADDRESS)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.console_url}/")


def test_from_the_first_sign_in_to_a_click_on_the_timeline(
    backstamp: Callable[..., Server], shop: str
) -> None:
    """In one installation, as a newcomer has one: its start and its browser take as long as all the rest."""
    server = backstamp(fresh=True)
    with launched() as browser:
        with session(browser) as context:
            sign_in_and_follow_a_mail(server, context, shop)
        with session(browser) as context:
            make_a_pixel_by_hand(server, context, shop)
        with session(browser, width=380, scheme="dark") as context:
            send_a_sample_by_a_button_and_by_the_command(server, context.new_page())


def sign_in_and_follow_a_mail(server: Server, context: BrowserContext, shop: str) -> None:
    shots = os.environ.get("SHOTS", "")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(server.sign_in_link)
    page.get_by_label("E-mail").fill(ADDRESS)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Set the password and sign in").click()
    page.wait_for_url(f"{server.console_url}/")
    expect(page.get_by_text("No message yet")).to_be_visible()
    send(server, shop, "The offer of the week")
    expect(page.get_by_role("link", name="The offer of the week")).to_be_visible()
    page.get_by_role("link", name="The offer of the week").click()

    timeline = page.locator("ol.timeline")
    expect(timeline).to_contain_text("Taken over by the next server")
    expect(timeline).not_to_contain_text("Opened")
    expect(page.locator("main")).to_contain_text("3 links tracked")

    reader = context.new_page()
    reader.goto(f"{server.console_url}/mailbox/")
    reader.get_by_role("link", name="The offer of the week").click()
    frame = reader.frame_locator("iframe.mail-frame")
    expect(frame.get_by_role("heading", name="Hello Bob")).to_be_visible()
    assert server.user_agents() == [], "only looking, with images blocked, is no open"

    reader.get_by_role("link", name="Load images").click()
    expect(timeline).to_contain_text("Opened")
    expect(timeline).to_contain_text("by a person")

    with context.expect_page() as opened:
        frame.get_by_role("link", name="The offer").click()
    expect(opened.value.locator("#path")).to_have_text("/offer?a=1&b=2")
    expect(opened.value.locator("#from")).to_have_text("None")
    expect(timeline).to_contain_text("Clicked")
    expect(page.locator("table.links")).to_contain_text("/offer?a=1&b=2")
    if shots:
        for name, shown in (("message", page), ("reader", reader)):
            shown.screenshot(path=Path(shots) / f"{name}.png", full_page=True)
    assert complaints == []


def make_a_pixel_by_hand(server: Server, context: BrowserContext, shop: str) -> None:
    recorded = len(server.user_agents())
    made = server.command(
        "pixel", "new", "Offer for Kim", "--to", "kim@example.net", "--link", f"{shop}/kim", "--as", "url"
    )
    assert made.returncode == 0, made.stderr
    pixel, link = made.stdout.decode().split()
    page = context.new_page()
    page.goto(link)
    expect(page.locator("#path")).to_have_text("/kim")
    until("the click is recorded", lambda: len(server.user_agents()) == recorded + 1)
    sign_in(server, page)
    page.get_by_role("link", name="Offer for Kim").click()
    expect(page.locator("ol.timeline")).to_contain_text("Clicked")
    page.goto(shop)
    page.set_content(f"<img src='{pixel}'>")
    until("the open is recorded", lambda: len(server.user_agents()) == recorded + 2)


def send_a_sample_by_a_button_and_by_the_command(server: Server, page: Page) -> None:
    done = server.command("send-test", "--to", "friend@example.net")
    assert (done.returncode, done.stderr) == (0, b"")
    sign_in(server, page)
    expect(page.locator("ul.rows > li")).to_have_count(3)
    page.get_by_role("button", name="Send a sample").first.click()
    page.goto(f"{server.console_url}/")
    expect(page.locator("ul.rows > li")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "no sideways scrolling"
