"""The pages before a link in headless Chromium: what a reader presses, and where it leads."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backstamp.policy import PageWords, Protection, ProtectionMode
from backstamp.vocabulary import ClickAction, ReaderReportKind, ThreatType
from tests.e2e.browser import person
from tests.edge.guarded import guard, list_bad, received, reports_in
from tests.edge.server_process import ServerProcess, running_edge
from tests.edge.setting import hits_in

pytestmark = pytest.mark.daemon
DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)
ADDRESS = "[2001:db8:1234:5678:9abc:def0:1234:5678]"
LETTERS = """selector => {
    const found = []
    const texts = document.createTreeWalker(document.querySelector(selector), NodeFilter.SHOW_TEXT)
    while (texts.nextNode())
        [...texts.currentNode.data].forEach((letter, place) => {
            const range = document.createRange()
            range.setStart(texts.currentNode, place)
            range.setEnd(texts.currentNode, place + 1)
            const {top, left} = range.getBoundingClientRect()
            found.push([letter, top, left])
        })
    return found
}"""
"""Each letter of an element, with where it is shown."""
LISTED = {"127.0.0.1/bad": ThreatType.PHISHING, "127.0.0.1/spam": ThreatType.SPAM}


class _Target(http.server.BaseHTTPRequestHandler):
    """Where the links lead."""

    def do_GET(self) -> None:
        referer = self.headers.get("referer", "nobody")
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(f"<h1>Arrived, sent by {referer}</h1>".encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def target() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Target) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    words = PageWords("Acme", "Call us.", "help@acme.example", DOT)
    guard(tmp_path, Protection(mode=ProtectionMode.PROTECT, may_override=True, page=words))
    list_bad(tmp_path, LISTED, prefixes=("127.0.0.1/maybe",))
    with running_edge(tmp_path) as server:
        yield server


def test_an_administrators_words_turn_no_words_of_ours_and_an_address_breaks_between_its_numbers(
    tmp_path: Path,
) -> None:
    """Our words come behind the name, also where it ends in an override that nothing ends."""
    words = PageWords("بنك \u202eXX", "نص المسؤول.", "\u202eAsk", "")
    guard(tmp_path, Protection(mode=ProtectionMode.PROTECT, page=words))
    list_bad(tmp_path, {f"{ADDRESS}/": ThreatType.PHISHING})
    with running_edge(tmp_path) as server, person(width=320) as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.port}{received(f'http://{ADDRESS}/')}")
        letters = [each for each in page.evaluate(LETTERS, ".by span") if each[0] in "protects your mail"]
        (places,) = {top: [left for _, at, left in letters if at == top] for _, top, _ in letters}.values()
        assert places == sorted(places), "from left to right, in their order"
        assert page.evaluate("getComputedStyle(document.querySelector('.words p')).direction") == "rtl"
        host = page.evaluate(LETTERS, ".host strong")
        lines = ["".join(each for each, at, _ in host if at == top) for _, top, _ in host]
        assert list(dict.fromkeys(lines)) == ["[2001:db8:1234:5678:", "9abc:def0:1234:5678]"]


def test_paper_has_dark_words_though_the_reader_has_a_dark_screen(server: ServerProcess, target: str) -> None:
    ink = "getComputedStyle(document.querySelector('main')).color"
    ground = "getComputedStyle(document.body).backgroundColor"
    with person(scheme="dark") as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.port}{received(f'{target}/bad')}")
        assert (page.evaluate(ink), page.evaluate(ground)) == ("rgb(232, 234, 237)", "rgb(16, 19, 23)")
        page.emulate_media(media="print")
        assert (page.evaluate(ink), page.evaluate(ground)) == ("rgb(27, 31, 36)", "rgb(244, 245, 247)")


def test_a_reader_reports_waits_and_goes_on(server: ServerProcess, target: str, tmp_path: Path) -> None:
    complaints: list[str] = []

    def click(page: Page, path: str) -> None:
        page.goto(f"http://127.0.0.1:{server.port}{received(target + path)}")

    def arrived(page: Page, path: str) -> None:
        page.wait_for_url(target + path)
        expect(page.get_by_role("heading")).to_have_text("Arrived, sent by nobody")

    with person(width=360) as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        click(page, "/spam")
        expect(page.get_by_role("heading", level=1)).to_have_text("This link may be dangerous")
        assert page.evaluate("getComputedStyle(document.querySelector('article')).borderTopColor") == (
            "rgb(122, 79, 0)"
        ), "the style is taken"
        assert page.evaluate("document.querySelector('.by img').naturalWidth") == 1, "the logo is shown"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        # As wide as a logo may be, it leaves who protects in one piece.
        page.evaluate("document.querySelector('.by img').style.width = '10rem'")
        assert page.evaluate("document.querySelector('.by span').offsetHeight") < 40
        page.get_by_role("button", name="Go on all the same").click()
        arrived(page, "/spam")
        click(page, "/bad")
        page.get_by_text("Add a few words").click()
        page.get_by_label("What should the administrator know?").fill("I know the sender")
        page.get_by_role("button", name="This is a mistake").click()
        expect(page.get_by_text("Thank you.")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your report has been passed on")
        click(page, "/bad")
        page.get_by_label("Your reason").fill("We test it")
        page.get_by_role("button", name="Go on with this reason").click()
        arrived(page, "/bad")
        click(page, "/maybe")
        expect(page.get_by_role("heading", level=1)).to_have_text("This link is being checked")
        arrived(page, "/maybe")
    assert {text for text in complaints if "403" not in text} == set()
    assert [(report.kind, report.text) for report in reports_in(tmp_path)] == [
        (ReaderReportKind.MISTAKE, "I know the sender"),
        (ReaderReportKind.OVERRIDE, "We test it"),
    ]
    *acts, last = [hit.action for hit in hits_in(tmp_path)]
    before = [ClickAction.WARN, ClickAction.GO_ON, ClickAction.BLOCK, ClickAction.BLOCK, ClickAction.GO_ON]
    # Once more where the clock is set back meanwhile.
    assert acts[:5] == before
    assert set(acts[5:]) == {ClickAction.CHECK}
    assert last == ClickAction.ALLOW
