"""The console in a real browser, against the real server: what only a browser can tell."""

import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Error, expect

from backstamp.records.administration import sign_in_links
from backstamp.records.models import Alert, CapturedMail, Event, Link, Message, Recipient, Switch
from backstamp.records.protection.domain_settings import set_protection
from backstamp.vocabulary import Actor, EventType
from tests.console.conftest import ADDRESS, HOST, PASSWORD
from tests.console.seed import NOON, event, link, message, reason, recipient
from tests.daemons import free_port
from tests.database import empty_database
from tests.e2e.browser import launched, session

pytestmark = pytest.mark.daemon

SEOUL = "Times are those of Asia/Seoul (GMT+09:00)"
SERVE = """
import sys
from backstamp.console.serving.server import serve
serve(sys.argv[1], int(sys.argv[2]), "backstamp.app.targets.console:target")
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of the console that all these tests ask: to start one takes longer than a test."""
    with empty_database(folder := tmp_path_factory.mktemp("house")):
        yield folder


@pytest.fixture(autouse=True)
def database(house: Path) -> Iterator[None]:
    """Emptied after each test, and no other file: the server has it open."""
    yield
    in_database(lambda: call_command("flush", interactive=False, verbosity=0))
    in_database(cache.clear)


@pytest.fixture(scope="module")
def address(house: Path) -> Iterator[str]:
    """The console, served by Granian."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    settings = {
        "BACKSTAMP_DATA_DIR": str(house),
        "BACKSTAMP_CONSOLE_URL": url,
        "BACKSTAMP_CONSOLE_LISTEN": f"{HOST}:{port}",
    }
    command = [sys.executable, "-c", SERVE, HOST, str(port)]
    with subprocess.Popen(command, env=os.environ | settings) as process:
        try:
            _wait(lambda: urllib.request.urlopen(f"{url}/sign-in/", timeout=5).status == 200, process)
            yield url
        finally:
            process.terminate()
            process.wait(90)


def _wait(answers: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 180
    while True:
        assert process.poll() is None, "the console ended"
        try:
            assert answers()
        except OSError:
            assert time.monotonic() < deadline, "the console did not answer within three minutes"
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def browser(address: str, chromium: Browser) -> Iterator[BrowserContext]:
    """A browser in which the administrator is signed in."""
    tokens: list[str] = []
    in_database(lambda: tokens.append(sign_in_links.create(ADDRESS, timedelta(hours=1))))
    with session(chromium) as context:
        page = context.new_page()
        page.goto(f"{address}/welcome/{tokens[0]}")
        page.fill("#id_password", PASSWORD)
        page.click("button[type=submit]")
        expect(page.locator("h1")).to_contain_text("Messages")
        page.close()
        yield context


def in_database(work: Callable[[], object]) -> None:
    """Do something with the database in another thread: Playwright runs an event loop in this one."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_the_timeline_follows_and_what_was_unfolded_stays_so(address: str, browser: BrowserContext) -> None:
    def begin() -> None:
        letter = message(1)
        recipient(letter)
        for number in range(3):
            event(letter, EventType.CLICKED, 30 + number, Actor.SCANNER)

    in_database(begin)
    page = browser.new_page()
    page.goto(f"{address}/messages/9000000000000001/")
    expect(page.locator("html[data-live=on]")).to_be_attached()
    page.get_by_text("3 fetches by machines").click()
    expect(page.locator("ol.folded > li")).to_have_count(3)

    def open_it() -> None:
        letter = Message.objects.get()
        letter.recipients.update(opened_at=NOON, human_opens=1)
        event(letter, EventType.OPENED, 600, Actor.HUMAN)

    in_database(open_it)
    expect(page.locator("ol.timeline > li").first).to_contain_text("Opened")
    expect(page.locator(".tile").nth(1)).to_contain_text("1 time by a person")
    expect(page.locator("#said")).to_have_text("New on the timeline: Opened")
    expect(page.locator("details").first).to_have_attribute("open", "")
    in_database(lambda: event(Message.objects.get(), EventType.CLICKED, 700, Actor.HUMAN))
    expect(page.locator("ol.timeline > li")).to_have_count(3)


def test_a_list_gives_a_subject_two_lines(address: str, browser: BrowserContext) -> None:
    in_database(lambda: recipient(message(1, subject="no end of it " * 70)))
    page = browser.new_page()
    page.goto(address)
    box = page.locator(".row-link").bounding_box()
    assert box is not None
    assert box["height"] < 50


@pytest.mark.parametrize(
    ("zone", "phone", "said"),
    [
        ("Asia/Seoul", False, f"{SEOUL}. Each shows UTC where you point at it."),
        ("Asia/Seoul", True, f"{SEOUL}."),
        ("UTC", False, "Times are in UTC."),
    ],
)
def test_the_foot_of_a_page_promises_of_times_what_they_show(
    address: str, browser: BrowserContext, zone: str, phone: bool, said: str
) -> None:
    assert browser.browser is not None
    in_database(lambda: message(1))
    reader = browser.browser.new_context(timezone_id=zone, is_mobile=phone, has_touch=phone)
    reader.add_cookies(
        [{"name": each["name"], "value": each["value"], "url": address} for each in browser.cookies()]
    )
    page = reader.new_page()
    page.goto(address)
    expect(page.locator("#zone")).to_have_text(said)
    hour = "12" if zone == "UTC" else "09"
    expect(page.locator("time.brief")).to_have_text(re.compile(f"^Mar 09, (2026, )?{hour}:01\\s?PM$"))


def test_paper_has_dark_words_on_white_and_nothing_that_can_only_be_pressed(
    address: str, browser: BrowserContext
) -> None:
    def some() -> None:
        letter = message(1)
        recipient(letter)
        link(letter, 0, "https://example.com/", "here")

    in_database(some)
    page = browser.new_page()
    page.goto(f"{address}/messages/9000000000000001/")
    expect(page.locator("html[data-live=on]")).to_be_attached()
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator("h1")).to_have_css("color", "rgb(28, 36, 48)")
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    for what in ("nav", "button", ".live-dot", ".pointing"):
        assert page.locator(what).filter(visible=True).count() == 0, what
    expect(page.get_by_text("https://example.com/")).to_be_visible()


def test_the_pages_of_received_mail_follow(address: str, browser: BrowserContext) -> None:
    def begin() -> None:
        mail = message(1, direction="inbound", origin="filter", protection="protect", subject="Your parcel")
        recipient(mail)
        link(mail, 0, "https://evil.example/", "Your parcel")

    in_database(begin)
    pages = [browser.new_page() for _ in range(2)]
    for page, path in zip(pages, ("messages/9000000000000001/", "clicks/"), strict=True):
        page.goto(f"{address}/{path}")
        expect(page.locator("html[data-live=on]")).to_be_attached()
    in_database(
        lambda: event(Message.objects.get(), EventType.BLOCKED, 1, Actor.HUMAN, link_number=0, detail={})
    )
    for page in pages:
        expect(page.locator("#live").get_by_text("Blocked").first).to_be_visible()


def test_a_page_that_nobody_looks_at_holds_no_connection(address: str, browser: BrowserContext) -> None:
    in_database(lambda: message(1))
    page = browser.new_page()
    page.goto(f"{address}/")
    expect(page.locator("html[data-live=on]")).to_be_attached()

    def look(away: bool) -> None:
        page.evaluate(
            "away => { Object.defineProperty(document, 'hidden', {value: away, configurable: true});"
            " document.dispatchEvent(new Event('visibilitychange')) }",
            away,
        )

    look(away=True)
    expect(page.locator("html[data-live=off]")).to_be_attached()
    page.wait_for_load_state("networkidle")  # What it asked for while it was looked at is there.
    in_database(lambda: message(2))
    page.wait_for_timeout(1500)
    expect(page.locator("ul.rows > li")).to_have_count(1)
    look(away=False)
    expect(page.locator("ul.rows > li")).to_have_count(2)


def test_when_the_session_ends_the_page_asks_to_sign_in(address: str, browser: BrowserContext) -> None:
    in_database(lambda: message(1))
    page = browser.new_page()
    page.goto(f"{address}/")
    expect(page.locator("html[data-live=on]")).to_be_attached()
    browser.clear_cookies()
    in_database(lambda: message(2))
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.locator("#live")).to_have_count(0)


HOSTILE = """\
<!doctype html><html><body onload="document.title='ran'">
<script>fetch("/policy/switch/", {method: "POST", credentials: "include"}); document.title = "ran"</script>
<meta http-equiv="refresh" content="0; url=/policy/">
<iframe src="/policy/"></iframe><img src="/static/console/icons.svg" onerror="document.title='ran'">
<form action="/policy/switch/" method="post" target="_self"><input name="tracking" value="off">
<button id="trap">Press</button></form>
<a id="link" href="javascript:document.title='ran'" target="_top">x</a><p id="shown">A letter</p>
"""


def test_a_hostile_mail_runs_nothing_and_reaches_nothing(
    address: str, browser: BrowserContext, house: Path
) -> None:
    raw = "Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + HOSTILE
    (house / "capture").mkdir(exist_ok=True)
    (house / "capture" / "one.eml").write_text(raw)
    in_database(lambda: CapturedMail.objects.create(file_name="one.eml", subject="x"))
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url.removeprefix(address)}"))
    page.goto(f"{address}/mailbox/")
    page.locator(".row-link").click()
    frame = page.frame_locator("iframe.mail-frame")
    expect(frame.locator("#shown")).to_have_text("A letter")
    frame.locator("#trap").click()
    frame.locator("#link").click()
    page.wait_for_timeout(500)
    assert page.url.startswith(f"{address}/mailbox/")
    (inner,) = (each for each in page.frames if each.url.endswith("/html/"))
    assert inner.title() == ""
    assert inner.evaluate("window.origin") == "null"
    with pytest.raises(Error, match="sandboxed"):
        inner.evaluate("document.cookie")
    assert [each for each in asked if "policy" in each] == []
    found: list[bool] = []
    in_database(lambda: found.append(Switch.objects.filter(tracking_off=True).exists()))
    assert found == [False]


def test_the_pages_of_received_mail_fit_a_phone(browser: BrowserContext, address: str) -> None:
    url = f"https://login.{'very-long-label.' * 12}example/{'path' * 60}"

    def some() -> None:
        mail = message(1, direction="inbound", origin="filter", protection="protect", subject="W" * 200)
        recipient(mail, address=f"{'a' * 60}@{'b' * 60}.example")
        link(mail, 0, url, url)
        event(mail, EventType.BLOCKED, 1, Actor.HUMAN, link_number=0, detail={"threat": "phishing"})
        set_protection("example.org", ADDRESS)

    in_database(some)
    page = browser.new_page()
    page.set_viewport_size({"width": 360, "height": 800})
    for path in (
        "received",
        "clicks",
        "messages/9000000000000001",
        "lists",
        "protection/example.org",
        "alerts",
    ):
        page.goto(f"{address}/{path}/")
        assert page.evaluate("document.documentElement.scrollWidth") == 360, path
    for wing in ("Sent mail", "Received mail", "Test mailbox", "Policy"):
        expect(page.get_by_role("link", name=wing, exact=True)).to_be_in_viewport(ratio=1)
    for room in ("Mail", "Clicks", "Alerts", "Reports", "Lists", "Protection"):
        expect(page.get_by_role("link", name=room, exact=True)).to_be_in_viewport(ratio=1)


def test_the_open_room_differs_from_the_others_in_forced_colours_and_all_fit_on_a_phones_line(
    browser: BrowserContext, address: str
) -> None:
    now = timezone.now()
    at = {"opened_at": NOON, "last_at": now, "quiet_until": now + timedelta(hours=1)}
    alerts = [Alert(rule="known_bad_click", key=str(n), host="evil.example", **at) for n in range(123)]
    in_database(lambda: Alert.objects.bulk_create(alerts))
    page = browser.new_page()
    page.emulate_media(forced_colors="active")
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(f"{address}/alerts/")
    expect(page.locator("nav.rooms .count").first).to_contain_text("123")
    for rooms in page.locator("nav.rooms").all():
        looks = rooms.locator("a").evaluate_all(
            "all => all.map(a => [a.matches('[aria-current]'), getComputedStyle(a).borderBottomColor,"
            " a.getBoundingClientRect().y])"
        )
        assert len({line for _, _, line in looks}) == 1
        assert {edge for is_open, edge, _ in looks if is_open}.isdisjoint(
            edge for is_open, edge, _ in looks if not is_open
        )
    page.close()


def test_beside_a_long_address_an_alerts_words_stay_whole_on_a_phone(
    browser: BrowserContext, address: str
) -> None:
    made: list[int] = []

    def some() -> None:
        at = dict.fromkeys(("opened_at", "last_at", "quiet_until"), NOON)
        alert = Alert.objects.create(rule="known_bad_click", key="k", host="evil.example", **at)
        alert.people.create(
            message_id=1,
            recipient_index=0,
            address=f"{'a' * 60}@{'b' * 60}.example",
            act="clicked",
            at=NOON,
        )
        made.append(alert.pk)

    in_database(some)
    page = browser.new_page()
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{address}/alerts/{made[0]}/")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    act = page.get_by_role("cell", name="followed it", exact=True)
    lines = "cell => { const all = new Range(); all.selectNodeContents(cell); return all.getClientRects(); }"
    assert len(act.evaluate(lines)) == 1


def test_the_page_of_a_mail_to_many_with_many_events_has_an_end(
    browser: BrowserContext, address: str
) -> None:
    def some() -> None:
        letter = message(1)
        url = f"https://shop.example/{'very-long-path/' * 20}?u={'x' * 200}"
        people = [
            Recipient(message=letter, index=n, address=f"r{n}@a-long-name.example.net") for n in range(300)
        ]
        Recipient.objects.bulk_create(people)
        Link.objects.bulk_create(Link(message=letter, number=n, url=url, text="More") for n in range(300))
        Event.objects.bulk_create(
            Event(
                message=letter, producer="5eed", position=n, at=NOON, type="clicked", actor="human",
                recipient_index=n % 300, link_number=n % 300, final=True, reasons=[reason("a program")],
            )
            for n in range(1_000)
        )  # fmt: skip

    in_database(some)
    page = browser.new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{address}/messages/9000000000000001/")
    assert page.evaluate("document.documentElement.scrollHeight") < 10_000
    page.get_by_role("link", name="Earlier", exact=True).click()
    expect(page.locator("ol.timeline > li")).to_have_count(50)
    expect(page.get_by_role("link", name="The newest")).to_be_visible()
    expect(page.locator("#timeline-title")).to_be_in_viewport()


def test_what_a_stranger_wrote_reorders_nothing_beside_it(browser: BrowserContext, address: str) -> None:
    def some() -> None:
        for number in range(2):
            letter = message(number)
            recipient(letter, 0, f"{number}\u202e@a.example")
            recipient(letter, 1, "second@example.net")

    in_database(some)
    page = browser.new_page()
    page.goto(address)
    left = """(word) => {
        const found = document.createTreeWalker(document.querySelector(".row .to"), NodeFilter.SHOW_TEXT);
        for (let node; (node = found.nextNode()); ) {
            const at = node.data.indexOf(word);
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            return range.getBoundingClientRect().left;
        }
    }"""
    places = [page.evaluate(left, word) for word in ("to ", "a.example", "second", "d@example")]
    assert places == sorted(places)


def test_a_double_click_sends_a_form_once(browser: BrowserContext, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/alerts/settings/")
    page.fill("#channel_name", "hook")
    page.select_option("#channel_kind", "webhook")
    page.fill("#channel_target", "https://hooks.example.org/x")
    page.evaluate("""() => {
        const button = document.querySelector("form[action$='/channels/add/'] button");
        button.click();
        setTimeout(() => button.click(), 4);
    }""")
    expect(page.locator(".notice.success code")).to_contain_text("whsec_")
