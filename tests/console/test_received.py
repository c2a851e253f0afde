"""Received mail and the click log in the console."""

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from backstamp.console import csv_files
from backstamp.console.views import received as views_received
from backstamp.records.database.tracking_ids import from_database, to_text
from backstamp.records.looking_back.link_expressions import expressions_of
from backstamp.records.models import LinkExpression, LinkFinding, Message
from backstamp.records.protection import kills, own_lists
from backstamp.records.queries import clicks
from backstamp.records.queries import received_mail as records_received
from backstamp.records.rollups.changes import newest_version
from backstamp.rewriting import Options, plan
from backstamp.tokens import Keyring, seal_link
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Actor, Direction, EventType, Origin
from tests.console.csv_answers import octets, streamed
from tests.console.seed import event, link, message, recipient

CSRF_TOKEN = re.compile(r'(?<=csrfmiddlewaretoken" value=")\w+')
ATTACK = "<script>alert(1)</script>"


def received(number: int, *addresses: str, **fields: Any) -> Message:
    wanted = {"direction": Direction.INBOUND, "origin": Origin.FILTER, "protection": "protect"}
    made = message(number, **(wanted | fields))
    for index, address in enumerate(addresses):
        recipient(made, index, address)
    guarded = link(made, 0, "https://user:x@evil.example/path?q", "Your parcel")
    for digest in expressions_of(guarded.url):
        LinkExpression.objects.create(message=made, number=0, digest=digest)
    return made


def unmarked(page: str) -> str:
    """The words of a page, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))


def finding(of: Message, **fields: Any) -> LinkFinding:
    wanted = {
        "number": 0,
        "threat": "phishing",
        "reason": "listed_url",
        "source": "urlhaus",
        "detail": "evil.example/",
        "found_at": of.queued_at,
    }
    return LinkFinding.objects.create(message=of, **(wanted | fields))


def test_its_pages_are_live_and_htmx_gets_the_part_that_changes(admin: Client) -> None:
    mail = received(1, "ann@example.org", subject="Came in")
    event(mail, EventType.BLOCKED, 1, Actor.HUMAN, link_number=0)
    version = newest_version()
    for path in ("/received/", f"/messages/{to_text(mail.pk)}/", "/clicks/"):
        answers = admin.get(path, headers={"HX-Request": "true"}), admin.get(path)
        part, whole = (CSRF_TOKEN.sub("", answer.text) for answer in answers)
        assert "Came in" in part
        assert "<html" not in part
        assert part.strip() in whole
        assert f'data-follow="/changes/" data-seen="{version}" hx-get="{path}"' in whole


def test_a_page_that_cost_a_long_look_or_shows_older_rows_is_not_live(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = received(1, "ann@example.org")
    for second in range(3):
        event(mail, EventType.ALLOWED, second, Actor.HUMAN, link_number=0)
    assert "data-follow" in admin.get("/clicks/?action=blocked").text
    monkeypatch.setattr(clicks, "_CHUNKS", (1, 1))
    looked = admin.get("/clicks/?action=blocked").text
    assert "data-follow" not in looked
    older = looked.partition("before=")[2].partition('"')[0]
    monkeypatch.undo()
    assert "data-follow" not in admin.get(f"/clicks/?before={older}").text
    assert "data-follow" not in admin.get(f"/received/?before={older}").text


def test_a_link_that_much_speaks_against_is_marked_once_with_all_that_does(admin: Client) -> None:
    mail = received(1, "ann@example.org")
    finding(mail, threat="suspicious", reason="program_file", source="heuristics", detail="exe")
    finding(mail, threat="suspicious", reason="userinfo", source="heuristics", detail="user")
    shown = admin.get(f"/messages/{to_text(mail.pk)}/").text
    assert shown.count('"/></svg>Suspicious</span>') == 1
    assert "it leads to a program" in shown
    assert "it has a user name before the host" in shown


@pytest.mark.parametrize(
    ("kind", "whose", "offered"),
    [
        (own_lists.Kind.BLOCKED, "example.org", "Allow it ·"),
        (own_lists.Kind.ALLOWED, "", "Block it ·"),
        (own_lists.Kind.BLOCKED, "example.net", "Block or allow it ·"),
    ],
)
def test_a_link_of_which_was_decided_says_so_and_offers_what_is_left_to_do(
    admin: Client, ring: Keyring, kind: own_lists.Kind, whose: str, offered: str
) -> None:
    own_lists.add(kind, "evil.example", whose, ring, by="an-admin")
    page = f"/messages/{to_text(received(1, 'ann@Example.ORG', 'bert@example.org').pk)}/"
    shown = unmarked(admin.get(page).text)
    assert offered in shown
    assert (f"{kind.label} since" in shown) == (whose != "example.net")
    kills.kill_expression("evil.example/path", "an-admin")
    shown = unmarked(admin.get(page).text)
    assert "Switched off in all mail since" in shown
    assert re.search("(Block|allow|Allow) it ·", shown) is None


def test_what_an_own_list_holds_against_a_link_is_said_once(admin: Client, ring: Keyring) -> None:
    mail = received(1, "ann@example.org")
    finding(mail, threat="forbidden", reason="own_list", source="own list", detail="")
    page = f"/messages/{to_text(mail.pk)}/"
    assert "an administrator blocked it" in admin.get(page).text
    assert ">1 of 1 link<" in admin.get(page).text
    own_lists.add(own_lists.Kind.BLOCKED, "evil.example", "", ring, by="an-admin")
    assert "an administrator blocked it" not in admin.get(page).text
    assert "Blocked since" in admin.get(page).text


def test_list_and_glance_say_who_clicked_and_who_was_led_on_to_what_was_found(admin: Client) -> None:
    mail = received(1, "ann@example.org", "bob@example.org")
    link(mail, 1, "https://good.example/")
    finding(mail)
    for number, type_, actor in (
        (0, EventType.BLOCKED, Actor.HUMAN),
        (0, EventType.CLICKED_THROUGH, Actor.HUMAN),
        (1, EventType.ALLOWED, Actor.HUMAN),
        (0, EventType.WARNED, Actor.UNKNOWN),
        (0, EventType.ALLOWED, Actor.UNKNOWN),
        (0, EventType.BLOCKED, Actor.SCANNER),
    ):
        event(mail, type_, 9, actor, link_number=number)
    event(mail, EventType.ALLOWED, 9, Actor.HUMAN, link_number=0, counts=False)
    received(2, "ann@example.org")
    listed = unmarked(admin.get("/received/").text)
    assert "3 clicks by people, 1 stopped or warned2 unclear clicks1 click by a machine" in listed
    assert listed.count("by people") == 1
    shown = unmarked(admin.get(f"/messages/{to_text(mail.pk)}/").text)
    for words in (
        "What was foundPhishing1 of 2 links",
        "Clicks by people32 led on, 1 stopped or warned.",
        "Led on to what was found1 by a person1 stopped or warned. Unclear: 1 of 2 led on.",
        "Other clicks32 unclear, 1 by a machine.",
    ):
        assert words in shown


def test_what_one_of_two_domains_has_decided_is_not_said_of_mail_for_both(
    admin: Client, ring: Keyring
) -> None:
    own_lists.add(own_lists.Kind.BLOCKED, "evil.example", "example.org", ring, by="an-admin")
    page = f"/messages/{to_text(received(1, 'ann@example.org', 'bert@example.net').pk)}/"
    assert "Block or allow it ·" in unmarked(admin.get(page).text)


def test_of_the_longest_host_that_a_list_names_the_end_is_shown(admin: Client) -> None:
    mail = received(1, "ann@example.org")
    host = ".".join(("a" * 63, "b" * 63, "c" * 63, "d" * 48, "evil.example"))
    finding(mail, detail=f"{host}/")
    assert f">{host}/<" in admin.get(f"/messages/{to_text(mail.pk)}/").text


def test_sent_and_received_mail_are_in_lists_of_their_own(admin: Client) -> None:
    message(1, subject="Went out")
    received(2, "ann@example.org", subject="Came in")
    sent, came = admin.get("/").text, admin.get("/received/").text
    assert ("Went out" in sent, "Came in" in sent) == (True, False)
    assert ("Went out" in came, "Came in" in came) == (False, True)


def test_the_list_says_what_was_found_and_what_could_not_be_guarded(admin: Client) -> None:
    bad = received(1, "ann@example.org", "bob@example.org", subject="Bad")
    finding(bad)
    finding(bad, reason="listed_host")
    received(2, "ann@example.org", subject="Half", unprotected="form url_too_long")
    received(3, "cyd@example.org", subject="Fine", protection="observe")
    shown = admin.get("/received/").text
    for words in (
        "Phishing",
        "not all guarded",
        "observed",
        "nothing found",
        "to <bdi>ann@example.org</bdi>, <bdi>bob@example.org</bdi>",
    ):
        assert words in shown
    found = admin.get("/received/", {"show": "found"}).text
    assert ("Bad" in found, "Half" in found) == (True, False)
    half = admin.get("/received/", {"show": "unprotected"}).text
    assert ("Bad" in half, "Half" in half) == (False, True)
    assert admin.get("/received/", {"show": "whim"}).status_code == 404
    assert admin.get("/received/", {"before": "1.x"}).status_code == 404


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("PARCEL", [1]),
        ("CYD@example.org", [2]),
        ("@example.org", [1, 2]),
        ("letter-2@example.org", [2]),
        ("<letter-1@example.org>", [1]),
        ("evil.example", [1, 2]),
        ("https://evil.example/path?q", [1, 2]),
        ("hxxps://evil[.]example/", [1, 2]),
        ("https://evil.example/other", []),
        ("ample", [1, 2]),
        ("nowhere.example", []),
    ],
)
@pytest.mark.parametrize("few", [5000, 0])
def test_received_mail_is_found_by_words_and_by_where_its_links_lead(
    admin: Client, monkeypatch: pytest.MonkeyPatch, words: str, found: list[int], few: int
) -> None:
    monkeypatch.setattr(records_received, "_FEW", few)
    received(1, "ann@example.org", subject="Your parcel.")
    received(2, "cyd@example.org", subject="Fine.")
    message(3, subject="Sent to evil.example")
    shown = admin.get("/received/", {"q": words}).text
    assert [number for number, subject in ((1, "Your parcel."), (2, "Fine.")) if subject in shown] == found
    assert "Sent to" not in shown
    assert ("Nothing fits" in shown) == (not found)


def sealed(mail: Message, ring: Keyring, url: str = "https://user:x@evil.example/path?q") -> str:
    token = seal_link(
        ring,
        domain_id=0,
        tracking_id=from_database(mail.pk),
        recipient_index=0,
        link_number=0,
        url=url,
        protected=True,
    )
    return f"https://t.example.org/{token}"


def test_a_link_as_it_stands_in_a_mail_finds_the_mail_its_clicks_and_the_entries_that_name_it(
    admin: Client, ring: Keyring
) -> None:
    mail = received(1, "ann@example.org", subject="Came in")
    event(mail, EventType.BLOCKED, 1, Actor.HUMAN, link_number=0)
    for where in ("/", "/received/"):
        answer = admin.get(where, {"q": f"<{sealed(mail, ring)}>"})
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/messages/{to_text(mail.pk)}/")
        gone = admin.get(where, {"q": sealed(Message(tracking_id=7), ring)})
        assert (gone.status_code, "Nothing fits" in gone.text) == (200, True)
    assert "Came in" in admin.get("/clicks/", {"url": sealed(mail, ring)}).text
    shown = admin.post("/lists/own/add/", {"kind": "blocked", "what": sealed(mail, ring)}, follow=True).text
    assert "evil.example/path?q is blocked for everybody" in shown
    assert [entry.expression for entry in own_lists.entries()] == ["evil.example/path?q"]
    admin.post("/lists/off/add/", {"what": sealed(mail, ring, "https://bad.example/")})
    assert [kill.expression for kill in kills.listed_expressions()] == ["bad.example/"]
    own_lists.add(own_lists.Kind.ALLOWED, "other.example", "", ring, by="")
    for words in (sealed(mail, ring), "https://evil.example/path?q", "EVIL"):
        shown = admin.get("/lists/", {"q": words}).text
        assert (">evil.example/path?q<" in shown, ">other.example/<" in shown) == (True, False)


def test_the_list_goes_on_where_it_ended(admin: Client) -> None:
    for number in range(30):
        received(number, subject=f"Mail number {number}.")
    first = admin.get("/received/").text
    assert ("Mail number 29." in first, "Mail number 4." in first) == (True, False)
    older = first.partition("?before=")[2].partition('"')[0]
    rest = admin.get(f"/received/?before={older}").text
    assert [number for number in range(30) if f"Mail number {number}." in rest] == [0, 1, 2, 3, 4]


def test_the_page_of_a_message_says_what_is_held_against_its_links_and_who_clicked(admin: Client) -> None:
    mail = received(1, "ann@example.org", subject="Parcel", unprotected="form")
    finding(mail, detail=ATTACK)
    detail = {"threat": "phishing", "reason": "listed_url", "source": "urlhaus"}
    event(mail, EventType.BLOCKED, 60, Actor.HUMAN, link_number=0, detail=detail)
    event(mail, EventType.ALLOWED, 61, Actor.SCANNER, link_number=0)
    shown = admin.get(f"/messages/{to_text(mail.pk)}/").text
    for words in (
        *(
            "Phishing",
            "a list names this address (urlhaus)",
            "1 click by a person, 1 stopped",
            "1 click by a machine",
        ),
        *("Link blocked", "ann@example.org", "Not all of its links could be guarded"),
        *("https://user:x@<b>evil.example</b>/path?q", "&lt;script&gt;"),
    ):
        assert words in shown
    assert 'href="https://user' not in shown
    assert ATTACK not in shown
    assert "cannot be told apart" not in shown
    assert '<a href="/received/" aria-current="page">' in shown


def test_of_a_link_that_was_left_alone_nobody_says_that_it_was_not_clicked(admin: Client) -> None:
    raw = b"Subject: x\r\n\r\nhttps://evil.example/ or evil.example.com/login\r\n"
    manifest = plan(raw, Options(direction=Direction.INBOUND, opens=False)).manifest.to_json().decode()

    def marks(**fields: Any) -> list[str]:
        mail = received(Message.objects.count() + 1, "ann@example.org", **fields)
        mail.links.all().delete()
        link(mail, 1, "https://evil.example/")
        link(mail, 2, "http://evil.example.com/login")
        shown = admin.get(f"/messages/{to_text(mail.pk)}/").text
        return re.findall(r'mark off">((?:nobody|not)[^<]*)<', shown)

    unseen = "not guarded: clicks are not seen"
    assert marks(manifest=manifest) == ["nobody clicked", unseen]
    assert marks(manifest=manifest, protection="observe") == [unseen, unseen]
    assert marks(manifest="") == ["nobody clicked", "nobody clicked"]


def test_of_mail_that_was_only_observed_the_page_says_what_could_have_been_done(admin: Client) -> None:
    raw = b"Subject: x\r\n\r\nhttps://evil.example/ https://evil.example/\r\n"
    manifest = plan(raw, Options(direction=Direction.INBOUND, opens=False)).manifest.to_json().decode()
    shown = {
        mode: admin.get(f"/messages/{to_text(mail.pk)}/").text
        for number, mode in enumerate(("protect", "observe"))
        for mail in [received(number, "ann@example.org", manifest=manifest, protection=mode)]
    }
    for words in ("2 links guarded", ">guarded<", "Switch all links off", "Other clicks"):
        assert [mode for mode, text in shown.items() if words in text] == ["protect"], words
    for words in ("2 links guardable", ">guardable<", "left as they came"):
        assert [mode for mode, text in shown.items() if words in text] == ["observe"], words


def test_of_more_clicks_than_are_counted_the_page_says_so(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = received(1, "ann@example.org")
    link(mail, 1, "https://other.example/")
    for second in range(4):
        event(mail, EventType.ALLOWED, second, Actor.SCANNER, link_number=0)

    def said() -> list[bool]:
        shown = admin.get(f"/messages/{to_text(mail.pk)}/").text
        return [
            words in shown
            for words in ("nobody clicked", "none of the clicks that were counted", "No more than 4 ")
        ]

    assert said() == [True, False, False]
    assert "not all counted" not in admin.get("/received/").text
    for module in (records_received, views_received):
        monkeypatch.setattr(module, "CLICKS_COUNTED", 4)
    monkeypatch.setattr(records_received, "CLICKS_COUNTED_IN_LIST", 4)
    assert said() == [False, True, True]
    assert "4 clicks by machines not all counted" in unmarked(admin.get("/received/").text)


def test_mail_that_a_milter_saw_for_several_says_so(admin: Client) -> None:
    mail = received(1, "a@example.org", "b@example.org", "c@example.org", origin=Origin.MILTER)
    event(mail, EventType.ALLOWED, 5, Actor.HUMAN, link_number=0, recipient_index=NO_RECIPIENT)
    shown = admin.get(f"/messages/{to_text(mail.pk)}/").text
    assert (
        "This came by milter for 3 recipients, who got the same links: clicks cannot be told apart." in shown
    )
    alone = received(2, "a@example.org", origin=Origin.MILTER)
    assert "cannot be told apart" not in admin.get(f"/messages/{to_text(alone.pk)}/").text


def test_the_click_log_shows_hostile_urls_as_text(admin: Client) -> None:
    mail = received(1, "ann@example.org", subject=ATTACK)
    link(mail, 1, f"https://a.example/{ATTACK}", ATTACK)
    event(mail, EventType.WARNED, 5, Actor.HUMAN, link_number=1, address="192.0.2.7")
    shown = admin.get("/clicks/").text
    assert ATTACK not in shown
    assert "https://<b>a.example</b>/&lt;script&gt;" in shown
    for words in ("ann@example.org", "Warned about the link", "192.0.2.7", "a person"):
        assert words in shown
    assert 'href="https:' not in shown


def test_from_a_click_its_link_is_allowed_where_something_is_against_it_else_blocked(admin: Client) -> None:
    mail = received(1, "ann@example.org")
    link(mail, 1, "https://a.example/x?y=1&z", "")
    event(mail, EventType.BLOCKED, 5, Actor.HUMAN, link_number=1, detail={"threat": "phishing"})
    event(mail, EventType.ALLOWED, 4, Actor.HUMAN, link_number=1)
    ways = re.findall(r'href="(/lists/[^"]*)#own-add"', admin.get("/clicks/").text)
    assert [unescape(way) for way in ways] == [
        f"/lists/?kind={kind}&what=https%3A%2F%2Fa.example%2Fx%3Fy%3D1%26z" for kind in ("allowed", "blocked")
    ]


def test_the_filter_of_the_click_log_shows_the_host_first_also_of_a_url_with_a_user_name(
    admin: Client,
) -> None:
    mail = received(1, "ann@example.org")
    event(mail, EventType.ALLOWED, 4, Actor.HUMAN, link_number=0)
    shown = admin.get("/clicks/", {"url": "https://user:x@evil.example/path?q"}).text
    assert '<input id="click-url" name="url" value="evil.example/path?q" maxlength="5000">' in shown
    assert shown.count('class="row"') == 1


def test_filters_of_the_click_log_are_kept_and_nonsense_is_said(admin: Client) -> None:
    mail = received(1, "ann@example.org")
    for second in range(60):
        event(mail, EventType.ALLOWED, second, Actor.HUMAN, link_number=0)
    event(mail, EventType.BLOCKED, 70, Actor.SCANNER, link_number=0)
    shown = admin.get("/clicks/", {"url": "evil.example", "who": "people"}).text
    assert ("Link blocked" in shown, "Older clicks" in shown) == (False, True)
    older = shown.rpartition('class="button" href="?')[2].partition('"')[0].replace("&amp;", "&")
    assert older.startswith("url=evil.example&who=people&before=")
    went_on = "mailbox=ann%40example.org&amp;who=people&amp;action=clicked_through"
    found = admin.get("/clicks/", {"mailbox": "ann@example.org", "who": "people"}).text
    assert f'<a href="?{went_on}">Went on all the same</a>' in found
    found = admin.get(f"/clicks/?{unescape(went_on)}").text
    assert re.search(r'<a href="[^"]*" aria-current="true">Went on all the same</a>', found)
    assert '<input type="hidden" name="action" value="clicked_through">' in found
    assert admin.get(f"/clicks/?{older}").text.count('class="row"') == 10
    wrong = admin.get("/clicks/", {"url": "co.uk"})
    assert (wrong.status_code, "co.uk is a public suffix" in wrong.text) == (422, True)
    assert "Nothing fits" in admin.get("/clicks/", {"mailbox": "nobody@example.org"}).text
    for nonsense in ({"who": "me"}, {"action": "opened"}, {"message": "x"}, {"before": "x"}):
        assert admin.get("/clicks/", nonsense).status_code == 404


def test_a_spreadsheet_gets_no_formula(admin: Client) -> None:
    mail = received(1, "=cmd()@example.org", subject="+1+1", sender="@SUM(A1)")
    event(mail, EventType.BLOCKED, 5, Actor.HUMAN, link_number=0, detail={"threat": "phishing"})
    answer = admin.get("/clicks/export/", {"who": "people"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'attachment; filename="clicks-' in answer.headers["Content-Disposition"]
    (row,) = csv.DictReader(io.StringIO(streamed(answer)))
    assert (row["mailbox"], row["subject"], row["sender"]) == ("'=cmd()@example.org", "'+1+1", "'@SUM(A1)")
    assert (row["action"], row["by"], row["threat"]) == ("blocked", "a person", "Phishing")
    assert row["url"] == "https://user:x@evil.example/path?q"
    assert row["message"] == to_text(mail.pk)


def test_a_spreadsheet_knows_the_charset_of_what_was_saved(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = received(1, "änn@example.org", subject="Grüße, 안녕")
    for second in range(2):
        event(mail, EventType.BLOCKED, second, Actor.HUMAN, link_number=0)
    monkeypatch.setattr(csv_files, "AT_ONCE", 1)
    saved = octets(admin.get("/clicks/export/"))
    assert saved.startswith(b"\xef\xbb\xbftime,mailbox,")
    assert saved.count(b"\xef\xbb\xbf") == 1
    assert saved.count("Grüße, 안녕".encode()) == 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "subject",
    ["Invoice;=HYPERLINK(A1)", 'a;"=1+1"', "a; =1;@x", "a\t+1", "\uff1d1+1", ";\uff20x", ' "=1"', "\t=1"],
)
def test_however_a_spreadsheet_divides_cells_none_begins_like_a_formula(
    admin: Client, subject: str, delimiter: str
) -> None:
    mail = received(1, "ann@example.org", subject=subject)
    event(mail, EventType.BLOCKED, 5, Actor.HUMAN, link_number=0, detail={"threat": "phishing"})
    saved = streamed(admin.get("/clicks/export/"))
    cells = [cell for row in csv.reader(io.StringIO(saved), delimiter=delimiter) for cell in row]
    assert [cell for cell in cells if cell.lstrip(' "').startswith(tuple("=+-@\uff1d\uff20"))] == []


def test_text_in_which_no_formula_begins_is_saved_as_it_is(admin: Client) -> None:
    mail = received(1, "ann@example.org", subject="a=b; c-d, e@f.example")
    event(mail, EventType.BLOCKED, 5, Actor.HUMAN, link_number=0, detail={"threat": "phishing"})
    (row,) = csv.DictReader(io.StringIO(streamed(admin.get("/clicks/export/"))))
    assert row["subject"] == "a=b; c-d, e@f.example"


def test_all_clicks_are_saved_however_many_there_are(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = received(1, "ann@example.org")
    for second in range(24):
        actor = Actor.HUMAN if second % 8 == 0 else Actor.SCANNER
        event(mail, EventType.ALLOWED, second, actor, link_number=0)
    monkeypatch.setattr(csv_files, "AT_ONCE", 5)
    monkeypatch.setattr(clicks, "_CHUNKS", (2, 2))

    def times(who: str) -> list[str]:
        saved = streamed(admin.get("/clicks/export/", {"who": who}))
        return [row["time"][17:19] for row in csv.DictReader(io.StringIO(saved))]

    start = mail.queued_at.second
    everybody = [f"{(start + second) % 60:02}" for second in range(23, -1, -1)]
    assert times("all") == everybody, "the newest first, each once"
    assert times("people") == everybody[7::8], "a page in which none fits is not the last"
    assert streamed(admin.get("/clicks/export/", {"mailbox": "nobody@example.org"})).count("\n") == 1


def test_strangers_see_none_of_it(stranger: Client) -> None:
    for address in ("/received/", "/clicks/", "/clicks/export/", "/lists/", "/protection/"):
        assert stranger.get(address).status_code == 302


@pytest.mark.parametrize(
    ("delivery", "words"), [("sent", "Passed on"), ("queued", "Not passed on yet"), ("rejected", "Refused")]
)
def test_a_copy_of_received_mail_is_passed_on_and_not_sent(admin: Client, delivery: str, words: str) -> None:
    mail = received(1)
    recipient(mail, 0, "ann@example.org", delivery=delivery)
    shown = admin.get(f"/messages/{to_text(mail.pk)}/").text
    assert re.findall(
        r'class="address">[^<]*</span><span class="marks"><span[^>]*><svg.*?</svg>([^<]*)<', shown
    ) == [words]


@pytest.mark.parametrize(
    ("text", "url", "shown"),
    [
        ("Your parcel", "https://evil.example/", True),
        ("https://good.example/", "https://evil.example/", True),
        ("https://good.example", "https://good.example.evil.example/", True),
        ("https://good.example", "https://good.example@evil.example/", True),
        ("https://evil.example/", "https://evil.example/", False),
        ("https://evil.example", "https://evil.example/?a", False),
        ("https://evil.example/" + "a" * 179, "https://evil.example/" + "a" * 300, False),
        ("", "https://evil.example/", False),
    ],
)
def test_a_link_s_words_stand_beside_it_where_they_say_something_else(
    admin: Client, text: str, url: str, shown: bool
) -> None:
    mail = received(1, "ann@example.org")
    mail.links.all().delete()
    link(mail, 0, url, text)
    event(mail, EventType.ALLOWED, 1, Actor.HUMAN, link_number=0)
    page = admin.get(f"/messages/{to_text(mail.pk)}/").text
    assert (f"<span>{text}</span>" in page) == shown
    assert (f'<p class="hint">{text}</p>' in page) == shown
