"""The list of messages and the page of one."""

import re
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backstamp.console import timeline as timeline_module
from backstamp.console.timeline import ITEMS_SHOWN, timeline
from backstamp.mail.reports import Cause
from backstamp.mail.reports.causes import Found
from backstamp.records.database.tracking_ids import to_text
from backstamp.records.models import Event, Message
from backstamp.records.queries.sent_mail import PAGE_SIZE, message_detail
from backstamp.rewriting.reporting.manifest import CandidateReport, Carrier, Decision, Manifest, PixelReport
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.vocabulary import Actor, EventType, Origin
from tests.console.seed import NOON, event, link, message, reason, recipient


def key(letter: Message) -> str:
    return to_text(letter.pk)


ATTACK = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def page(admin: Client, path: str = "/", **query: str) -> str:
    answer = admin.get(path, query)
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def marks(html: str) -> list[str]:
    class Marks(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.texts: list[str] = []
            self.inside = False

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "li" and (dict(attrs).get("class") or "").startswith("mark "):
                self.inside = True
                self.texts.append("")

        def handle_endtag(self, tag: str) -> None:
            if tag == "li":
                self.inside = False

        def handle_data(self, data: str) -> None:
            if self.inside:
                self.texts[-1] += data

    parser = Marks()
    parser.feed(html)
    return [" ".join(text.split()) for text in parser.texts]


def test_a_newcomer_is_told_what_to_try(admin: Client) -> None:
    shown = page(admin)
    assert "No message yet" in shown
    assert "Send the sample." in shown
    assert "pixel by hand" in shown


def test_people_and_machines_are_told_apart_at_a_glance(admin: Client) -> None:
    letter = message(1)
    recipient(letter, opened_at=NOON, clicked_at=NOON, human_opens=1, human_clicks=1)
    event(letter, EventType.OPENED, 60, Actor.HUMAN)
    event(letter, EventType.CLICKED, 70, Actor.HUMAN)
    event(letter, EventType.OPENED, 5, Actor.PREFETCH)
    event(letter, EventType.CLICKED, 6, Actor.SCANNER)
    event(letter, EventType.CLICKED, 6, Actor.PREVIEW_BOT)
    event(letter, EventType.CLICKED, 90, Actor.UNKNOWN)
    assert marks(page(admin)) == [
        "Sent",
        "Opened",
        "Clicked",
        "1 fetched in advance",
        "2 by machines",
        "1 unclear",
    ]


def test_machines_alone_never_make_a_message_opened(admin: Client) -> None:
    letter = message(1)
    recipient(letter)
    event(letter, EventType.OPENED, 5, Actor.PREFETCH)
    event(letter, EventType.CLICKED, 6, Actor.SCANNER)
    assert marks(page(admin)) == ["Sent", "Not opened yet", "1 fetched in advance", "1 by a machine"]


def test_an_open_behind_a_proxy_is_only_likely(admin: Client) -> None:
    letter = message(1)
    recipient(letter, opened_at=NOON, human_opens=1)
    event(letter, EventType.OPENED, 60, Actor.PROXIED_HUMAN)
    assert "Likely opened" in marks(page(admin))


def test_what_is_unclear_is_neither_hidden_nor_counted_as_a_person(admin: Client) -> None:
    letter = message(1)
    recipient(letter)
    event(letter, EventType.OPENED, 60, Actor.UNKNOWN)
    event(letter, EventType.CLICKED, 70, Actor.UNKNOWN)
    assert marks(page(admin)) == ["Sent", "Perhaps opened", "2 unclear"]
    shown = page(admin, f"/messages/{key(letter)}/")
    assert "The image was loaded 1 time, and the signs do not tell by whom." in shown
    assert "No person loaded the image" not in shown
    letter.recipients.update(opened_at=NOON, human_opens=2)
    assert "2 times by a person, and 1 more where it is unclear." in page(admin, f"/messages/{key(letter)}/")


def test_an_implied_open_says_so(admin: Client) -> None:
    letter = message(1)
    recipient(letter, opened_at=NOON, open_is_implied=True, clicked_at=NOON, human_clicks=1)
    event(letter, EventType.CLICKED, 60, Actor.HUMAN)
    assert marks(page(admin)) == ["Sent", "Opened (implied)", "Clicked"]
    assert "where it is unclear by whom" not in page(admin, f"/messages/{key(letter)}/")
    event(letter, EventType.OPENED, 5, Actor.UNKNOWN)
    shown = page(admin, f"/messages/{key(letter)}/")
    assert "It was loaded 1 time where it is unclear by whom." in shown
    assert "An own view" not in shown
    assert "Implied by a click or an answer" in page(admin, f"/messages/{key(letter)}/")


def test_several_recipients_are_counted(admin: Client) -> None:
    letter = message(1)
    for index in range(5):
        recipient(letter, index, f"reader{index}@example.net", opened_at=NOON if index < 2 else None)
    recipient(letter, 5, "gone@example.net", delivery="rejected")
    shown = page(admin)
    assert marks(shown)[:3] == ["Refused 1", "Sent 5", "Opened by 2 of 5"]
    first = ", ".join(f"<bdi>reader{index}@example.net</bdi>" for index in range(3))
    assert f"{first} and 3 more" in shown


def test_a_hit_that_names_nobody_counts_for_the_message(admin: Client) -> None:
    letter = message(1)
    recipient(letter, 0)
    recipient(letter, 1, "linus@example.net")
    recipient(letter, NO_RECIPIENT, "", opened_at=NOON, delivery="queued")
    event(letter, EventType.OPENED, 60, Actor.HUMAN, recipient_index=NO_RECIPIENT)
    assert marks(page(admin)) == ["Sent 2", "Opened"]


def test_what_cannot_be_known_is_not_called_unopened(admin: Client) -> None:
    untracked = message(1, opens_tracked=False, links_tracked=False, untracked_reason="reasons")
    recipient(untracked)
    apple = message(2)
    recipient(apple, open_is_measurable=False)
    refused = message(3)
    recipient(refused, delivery="rejected")
    shown = marks(page(admin))
    assert shown == ["Refused", "Sent", "Opens cannot be measured", "Sent", "Not tracked"]
    assert "Not tracked, because reasons." in page(admin, f"/messages/{key(untracked)}/")


def test_how_many_opened_is_a_range_over_those_who_can_be_measured(admin: Client) -> None:
    letter = message(1)
    for index in range(2):
        recipient(letter, index=index, address=f"p{index}@example.net", opened_at=NOON)
    recipient(letter, index=2, address="p2@example.net", unknown_hits=1)
    recipient(letter, index=3, address="p3@example.net")
    recipient(letter, index=4, address="p4@example.net", open_is_measurable=False)
    recipient(letter, index=5, address="p5@example.net", delivery="rejected")
    assert "Opened by 2 to 3 of 4" in marks(page(admin))
    shown = page(admin, f"/messages/{key(letter)}/")
    assert '<strong class="person">2 to 3 of 4</strong>' in shown
    assert "4 of 6 recipients can be measured" in shown
    assert (
        "An own view, of your Sent copy, may be among the opens" not in shown
    )  # nothing on the timeline yet
    event(letter, EventType.OPENED, 60, Actor.HUMAN)
    assert "may be among the opens" in page(admin, f"/messages/{key(letter)}/")


def test_a_copy_that_came_back_is_among_those_that_may_have_opened_no_more_than_among_all(
    admin: Client,
) -> None:
    letter = message(1)
    recipient(letter, 0, opened_at=NOON)
    recipient(letter, 1, "gone@example.net", delivery="bounced", unknown_hits=2)
    assert "Opened by 1 of 1" in marks(page(admin))
    assert '<strong class="person">1 of 1</strong>' in page(admin, f"/messages/{key(letter)}/")


@pytest.mark.parametrize(
    ("detail", "notes"),
    [
        ({"permanent": True, "final_recipient": "ada@mx.example.org"}, ["for good"]),
        (
            {"permanent": True, "final_recipient": "<b>@example.net"},
            ["for good", "of &lt;b&gt;@example.net, to whom the mail was passed on"],
        ),
        ({"permanent": False, "cause": "mailbox_full"}, ["it may work another time"]),
        (
            {"permanent": False, "cause": "mailbox_full", "enhanced_status": "5.0.0", "text": "over quota"},
            ["it may work another time", "told by the words &quot;over quota&quot;"],
        ),
        ({"permanent": False, "cause": "mailbox_full", "text": "User unknown"}, ["it may work another time"]),
        (
            {"permanent": True, "enhanced_status": "5.2.2"},
            ["for good", "told by the status 5.2.2"],
        ),
        ({"permanent": False, "cause": "unknown", "code": 450}, ["it may work another time"]),
        ({"permanent": False, "cause": "unknown"}, ["nothing says whether for good"]),
        ({"permanent": False, "cause": "unknown", "code": 550}, ["nothing says whether for good"]),
        ({}, ["it may work another time"]),
    ],
)
def test_a_bounce_says_whether_for_good_and_of_whom(
    admin: Client, detail: dict[str, Any], notes: list[str]
) -> None:
    letter = message(1)
    recipient(letter, address="ada@example.org", delivery="bounced")
    event(letter, EventType.BOUNCED, 9, detail=detail)
    shown = page(admin, f"/messages/{key(letter)}/")
    assert re.findall(r'<p class="step-notes">(.*?)</p>', shown) == [
        "".join(f'<span class="tag">{note}</span>' for note in notes)
    ]
    why = "mailbox_full" in detail.values() or "5.2.2" in detail.values()
    title = "Bounced: the mailbox is full" if why else "Bounced"
    assert f'<span class="step-title">{title}</span>' in shown
    glance = "The mailbox is full." if why else "It came back after it was sent."
    assert f'<strong class="bad">Bounced</strong><span class="tile-line">{glance}</span>' in shown
    assert "7 seconds after it was sent" in shown


def test_where_opens_are_not_tracked_those_that_clicks_show_are_some_of_all(admin: Client) -> None:
    letter = message(1, opens_tracked=False)
    recipient(
        letter,
        opened_at=NOON,
        clicked_at=NOON,
        human_clicks=1,
        open_is_implied=True,
        open_is_measurable=False,
    )
    recipient(letter, 1, "bob@example.net", open_is_measurable=False, unknown_hits=1)
    recipient(letter, 2, "cat@example.net", open_is_measurable=False)
    assert "Opened by 1 of 3 (implied)" in marks(page(admin))
    shown = page(admin, f"/messages/{key(letter)}/")
    assert re.findall(r'<strong class="person">(.*?)</strong>', shown) == ["1 of 3", "1 of 3"], (
        "opened, clicked"
    )


@pytest.mark.parametrize(
    "search", ["bridge", "BRIDGE", "ada@example", "grace@", "<bridge-1@x>", "bridge-1@x"]
)
def test_search_finds_by_subject_sender_recipient_and_message_id(admin: Client, search: str) -> None:
    recipient(message(1, subject="The bridge", message_id="<bridge-1@x>"))
    recipient(
        message(2, subject="Another", sender="eve@example.com", message_id="<2@y>"), address="bob@example.com"
    )
    shown = page(admin, q=search)
    assert "The bridge" in shown
    assert "Another" not in shown


def test_a_search_for_wildcards_is_no_wildcard(admin: Client) -> None:
    recipient(message(1, subject="Letter"))
    assert "Nothing fits" in page(admin, q="%e%")
    assert "Nothing fits" in page(admin, q="L_tter")
    assert "Nothing fits" in page(admin, q="x\0y")


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ("all", {1, 2, 3, 4}),
        ("opened", {1}),
        ("not-opened", {2, 3}),
        ("clicked", {1}),
        ("problem", {3}),
        ("untracked", {4}),
    ],
)
def test_filters_by_state(admin: Client, which: str, found: set[int]) -> None:
    recipient(message(1), opened_at=NOON, clicked_at=NOON)
    recipient(message(2))
    recipient(message(3), delivery="deferred")
    recipient(message(4, opens_tracked=False, links_tracked=False))
    shown = page(admin, show=which)
    assert {number for number in (1, 2, 3, 4) if f"Letter {number}" in shown} == found


@pytest.mark.parametrize(
    "query", [{"show": "everything"}, {"before": "x"}, {"before": "1.zz"}, {"before": "²."}]
)
def test_a_made_up_filter_or_cursor_is_not_found(admin: Client, query: dict[str, str]) -> None:
    assert admin.get("/", query).status_code == 404


def test_pages_follow_each_other_without_gap_or_repeat(admin: Client) -> None:
    for number in range(PAGE_SIZE * 2 + 3):
        # Many at the same moment, so that the cursor must also tell those apart.
        message(number, queued_at=NOON + timedelta(minutes=number // 7), subject=f"Letter {number:03}.")
    seen: list[str] = []
    path = "/"
    while path:
        shown = page(admin, path)
        seen += re.findall(r"Letter \d{3}\.", shown)
        older = re.search(r'href="(\?before=[^"]+)"', shown)
        path = f"/{older[1]}" if older else ""
    assert seen == [f"Letter {number:03}." for number in by_time(PAGE_SIZE * 2 + 3)]


def by_time(count: int) -> list[int]:
    return sorted(range(count), key=lambda number: (-(number // 7), number))


def queries(admin: Client, path: str) -> list[dict[str, str]]:
    with CaptureQueriesContext(connection) as captured:
        assert admin.get(path).status_code == 200
    return list(captured.captured_queries)


def fill(number: int, most: int = 100) -> None:
    letter = message(number)
    for index in range(min(number, most)):
        recipient(letter, index, f"reader{index}@example.net", opened_at=NOON)
        link(letter, index)
        event(letter, EventType.CLICKED, index, Actor.HUMAN, recipient_index=index, link_number=index)
        event(letter, EventType.CLICKED, index, Actor.SCANNER, recipient_index=index, link_number=index)


def test_the_list_costs_the_same_number_of_queries_for_one_message_and_for_twenty(admin: Client) -> None:
    fill(1)
    one = len(queries(admin, "/"))
    for number in range(2, 20):
        fill(number, most=3)
    assert len(queries(admin, "/")) == one <= 8


def test_a_message_costs_the_same_number_of_queries_however_much_happened(admin: Client) -> None:
    fill(1)
    fill(30)
    few = queries(admin, f"/messages/{0x9000_0000_0000_0001:016x}/")
    many = queries(admin, f"/messages/{0x9000_0000_0000_001E:016x}/")
    assert len(few) == len(many) <= 13


def test_list_and_timeline_are_read_through_their_indexes(admin: Client) -> None:
    for number in range(2, 9):
        fill(number)
    plans = []
    for path in ("/", f"/messages/{0x9000_0000_0000_0005:016x}/"):
        for query in queries(admin, path):
            if query["sql"].startswith("SELECT") and '"records_' in query["sql"]:
                with connection.cursor() as cursor:
                    cursor.execute("EXPLAIN QUERY PLAN " + query["sql"].replace("%", "%%"))
                    plans += [row[3] for row in cursor.fetchall()]
    assert any("rollup_newest" in plan for plan in plans)
    assert any("event_siblings" in plan for plan in plans)
    assert [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan] == []


def test_the_timeline_says_who_when_and_why(admin: Client) -> None:
    letter = message(1)
    recipient(letter)
    link(letter, 3, text="The proposal")
    event(letter, EventType.SENT, 2, detail={"code": 250, "enhanced_status": "2.0.0", "text": "Ok: queued"})
    event(
        letter,
        EventType.CLICKED,
        2 + 190,
        Actor.HUMAN,
        link_number=3,
        client="Firefox on Linux",
        reasons=[reason("A browser followed the link after a user's action")],
    )
    shown = page(admin, f"/messages/{key(letter)}/")
    assert "Taken over by the next server" in shown
    assert "250 2.0.0 Ok: queued" in shown
    assert "by a person, Firefox on Linux" in shown
    assert "3 minutes 10 seconds after delivery" in shown
    assert "The proposal" in shown
    assert "A browser followed the link after a user&#x27;s action" in shown
    assert 'datetime="2026-03-09T12:04:12.000+00:00"' in shown


def test_where_it_is_unclear_by_whom_it_is_said_once_and_in_the_same_word_everywhere(admin: Client) -> None:
    letter = message(1)
    recipient(letter)
    event(letter, EventType.OPENED, 9, client="a browser")
    event(letter, EventType.WARNED, 10, client="a browser")
    shown = page(admin, f"/messages/{key(letter)}/")
    assert re.findall(r'<p class="step-line"><span>([^<]*)</span>', shown) == [
        "by whom is unclear, a browser",
        "a browser",
    ]
    assert ("Fetched, by whom is not clear" in shown, "somebody or something" in shown) == (True, False)


def test_what_a_report_says_without_a_reply_code_stands_with_its_recipient(admin: Client) -> None:
    letter = message(1)
    recipient(letter, delivery="bounced", enhanced_status="5.4.4", reply_text="host not found")
    shown = page(admin, f"/messages/{key(letter)}/")
    assert '<span class="reply mono">5.4.4 host not found</span>' in shown


def test_machines_are_folded_but_counted(admin: Client) -> None:
    letter = message(1)
    recipient(letter)
    event(letter, EventType.OPENED, 30, Actor.PREFETCH)
    for index in range(7):
        event(letter, EventType.CLICKED, 31 + index / 10, Actor.SCANNER, link_number=index)
    event(letter, EventType.OPENED, 60, Actor.HUMAN)
    event(letter, EventType.CLICKED, 70, Actor.SCANNER, link_number=1)
    shown = page(admin, f"/messages/{key(letter)}/")
    assert shown.count("<details") == 2
    assert "8 fetches by machines" in shown
    assert "Link checked by a scanner (7), Fetched in advance (1)" in shown
    assert "1 by a person, 1 in advance, 8 by machines, 0 unclear" in shown


def test_why_a_mail_was_not_tracked_is_said_once(admin: Client) -> None:
    why = SkipReason.NO_HTML_PART.sentence
    manifest = Manifest(skip_reason=SkipReason.NO_HTML_PART).to_json().decode()
    letter = message(1, opens_tracked=False, untracked_reason=why, manifest=manifest)
    assert page(admin, f"/messages/{key(letter)}/").count(why) == 1
    other = message(2, opens_tracked=False, untracked_reason="no consent", manifest=manifest)
    shown = page(admin, f"/messages/{key(other)}/")
    assert ("Not tracked, because no consent." in shown, shown.count(why)) == (True, 1)


def steps(shown: str) -> list[str]:
    return re.findall(
        r'<time datetime="2026-03-09T(\d\d:\d\d:\d\d)', shown.partition('<ol class="timeline">')[2]
    )


def test_a_long_timeline_is_read_page_by_page_and_nothing_is_left_out(admin: Client) -> None:
    letter = message(1)
    recipient(letter)
    for second in range(120):
        event(letter, EventType.OPENED, second // 2, Actor.HUMAN)
    url: str | None = f"/messages/{key(letter)}/"
    seen, sizes = list[str](), list[int]()
    while url is not None:
        shown = page(admin, url)
        sizes.append(len(steps(shown)))
        seen += steps(shown)
        older = re.search(r'href="(\?before=[^"#]+)#timeline-title">Earlier<', shown)
        url = f"/messages/{key(letter)}/{older[1]}" if older else None
    assert sizes == [50, 50, 20]
    assert seen == [f"12:01:{second // 2:02}" for second in reversed(range(120))]
    assert "The newest" in shown


def test_machines_that_are_folded_take_one_step_of_a_page(admin: Client) -> None:
    letter = message(1)
    recipient(letter)
    for second in range(49):
        event(letter, EventType.OPENED, second, Actor.HUMAN)
    for second in range(100):
        event(letter, EventType.CLICKED, 100 + second, Actor.SCANNER)
    shown = page(admin, f"/messages/{key(letter)}/")
    assert "100 fetches by machines" in shown
    assert ">Earlier<" not in shown


@pytest.mark.parametrize("before", ["x", "1.2", "1.5eed.x", "9" * 18 + ".5eed.1", "1.5eed').1", "1.é.1"])
def test_a_place_that_is_none_is_not_there(admin: Client, before: str) -> None:
    letter = message(1)
    assert admin.get(f"/messages/{key(letter)}/", {"before": before}).status_code == 404


@pytest.mark.parametrize("direction", ["outbound", "inbound"])
def test_all_recipients_and_links_of_a_mail_to_many_can_be_seen(admin: Client, direction: str) -> None:
    letter = message(1, direction=direction, protection="protect")
    for number in range(120):
        recipient(letter, number, f"r{number}@example.net")
        link(letter, number, f"https://example.com/l{number}", f"Link {number}")
    address = f"/messages/{key(letter)}/"
    for name, pattern in (("recipients", r'class="address">r(\d+)@'), ("links", r"Link (\d+)<")):
        shown = [page(admin, f"{address}?{name}={number}") for number in (1, 2, 3)]
        assert [int(n) for each in shown for n in re.findall(pattern, each)] == list(range(120))
        assert f'href="?{name}=2#{name}-title">Next<' in shown[0]
        assert "Page 3 of 3" in page(admin, f"{address}?{name}=999")


def test_an_event_of_the_last_of_many_recipients_names_them(admin: Client) -> None:
    letter = message(1)
    for number in range(60):
        recipient(letter, number, f"r{number}@example.net")
        link(letter, number, "https://example.com/", f"Link {number} " + "x" * 300)
    event(letter, EventType.CLICKED, 10, Actor.HUMAN, recipient_index=59, link_number=59)
    shown = page(admin, f"/messages/{key(letter)}/").partition('<ol class="timeline">')[2]
    assert "<bdi>r59@example.net</bdi>" in shown
    assert f'<bdi class="link-name">{("Link 59 " + "x" * 300)[:200]}</bdi>' in shown


def test_corrections_and_what_does_not_count_are_marked(admin: Client) -> None:
    letter = message(1)
    recipient(letter, opened_at=NOON, human_opens=1)
    event(letter, EventType.OPENED, 30, Actor.HUMAN, revised_at=NOON)
    event(letter, EventType.OPENED, 31, Actor.HUMAN, counts=False)
    event(letter, EventType.OPENED, 32, Actor.UNKNOWN, final=False)
    shown = page(admin, f"/messages/{key(letter)}/")
    assert shown.count(">corrected<") == shown.count(">not counted<") == 1
    assert shown.count(">may still be corrected<") == 1
    assert "1 time by a person" in shown
    assert "An own view, of your Sent copy, may be among them." in shown


def test_clicks_are_counted_for_each_link(admin: Client) -> None:
    letter = message(1)
    recipient(letter)
    for number in range(2):
        link(letter, number)
    for actor in (Actor.HUMAN, Actor.PROXIED_HUMAN, Actor.SCANNER):
        event(letter, EventType.CLICKED, 60, actor, link_number=0)
    event(letter, EventType.CLICKED, 61, Actor.HUMAN, link_number=0, counts=False)
    detail = message_detail(letter.pk)
    assert detail is not None
    assert [(count.people, count.others) for count in detail.links] == [(2, 2), (0, 0)]


def test_a_link_leads_to_where_it_is_switched_off_in_all_mail(admin: Client) -> None:
    url = 'https://shop.example/a?b=1&c=%2F"#top'
    letter = message(1)
    link(letter, 0, url=url)
    (way,) = re.findall(r'href="(/lists/[?][^"]*)#off-add"', page(admin, f"/messages/{key(letter)}/"))
    (filled,) = re.findall(r'name="what" value="([^"]*)"', page(admin, unescape(way)))
    assert unescape(filled) == 'shop.example/a?b=1&c=/"'


def test_the_manifest_is_told_in_words_and_every_link_has_its_reason(admin: Client) -> None:
    wrapped = [
        CandidateReport(
            part="1", carrier=Carrier.A, start=0, end=9, url=f"https://example.com/{number}",
            decision=Decision.WRAPPED, number=number,
        )
        for number in range(12)
    ]  # fmt: skip
    skipped = CandidateReport(
        part="1", carrier=Carrier.A, start=0, end=9, url="https://example.com/leave",
        decision=Decision.SKIPPED, skip_reason=SkipReason.UNSUBSCRIBE_LINK,
    )  # fmt: skip
    manifest = Manifest(candidates=(*wrapped, skipped), pixel=PixelReport(part="1", at=44))
    letter = message(1, manifest=manifest.to_json().decode())
    shown = page(admin, f"/messages/{key(letter)}/")
    assert "12 links tracked, 1 skipped: own unsubscribe link." in shown
    assert "One pixel at the end of the HTML." in shown
    assert shown.count(">tracked<") == 12
    assert shown.count(">left alone<") == 1
    assert "https://example.com/leave" in shown


@pytest.mark.parametrize("manifest", ["", "{", "[]", '{"version": 99}', "null"])
def test_a_missing_or_foreign_manifest_does_no_harm(admin: Client, manifest: str) -> None:
    letter = message(1, manifest=manifest)
    assert "Opens are tracked" in page(admin, f"/messages/{key(letter)}/")


@pytest.mark.parametrize(
    "stored", [None, "text", {"text": "x"}, [1, None, {"text": 5}, {"other": "x"}, ["text"]], [[]]]
)
def test_reasons_and_details_of_another_shape_do_no_harm(admin: Client, stored: Any) -> None:
    letter = message(1)
    event(letter, EventType.OPENED, 1, Actor.UNKNOWN, reasons=stored or [], detail=stored or {})
    page(admin, f"/messages/{key(letter)}/")


def test_nothing_from_a_mail_or_a_visitor_becomes_markup(admin: Client) -> None:
    letter = message(1, subject=ATTACK, sender=ATTACK, message_id=ATTACK, untracked_reason=ATTACK)
    recipient(letter, address=ATTACK, reply_code=550, reply_text=ATTACK, enhanced_status="<b>")
    link(letter, 0, url=f"https://example.com/{ATTACK}", text=ATTACK)
    event(letter, EventType.SENT, 1, detail={"code": ATTACK, "text": ATTACK})
    event(letter, EventType.CLICKED, 9, Actor.HUMAN, link_number=0, client=ATTACK, reasons=[reason(ATTACK)])
    event(letter, EventType.CLICKED, 10, Actor.SCANNER, link_number=0, client=ATTACK)
    for shown in (page(admin), page(admin, f"/messages/{key(letter)}/"), page(admin, q=ATTACK)):
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_the_console_never_claims_that_somebody_read_it(admin: Client) -> None:
    letter = message(1)
    recipient(letter, opened_at=NOON)
    for actor in Actor:
        event(letter, EventType.OPENED, 9, actor)
    words = page(admin, f"/messages/{key(letter)}/").lower().split()
    assert not {"read", "read."} & set(words)


def test_a_letter_written_elsewhere_has_no_delivery_of_ours(admin: Client) -> None:
    letter = message(1, origin=Origin.MANUAL)
    recipient(letter, delivery="queued")
    assert marks(page(admin)) == ["Written elsewhere", "Not opened yet"]


def test_htmx_gets_the_part_that_changes_and_nothing_else(admin: Client) -> None:
    letter = message(1)
    for path in ("/", f"/messages/{key(letter)}/"):
        part, whole = admin.get(path, headers={"HX-Request": "true"}).text, admin.get(path).text
        assert "Letter 1" in part
        assert "<html" not in part
        assert part.strip() in whole, "and it takes the place of the same"


def test_the_sample_button_says_when_no_gateway_answers(admin: Client) -> None:
    answer = admin.post("/sample/", follow=True)
    assert 'class="notice error"' in answer.text
    assert "does not answer" in answer.text


@pytest.mark.parametrize(
    ("type_", "stage", "title"),
    [
        (EventType.REJECTED, "suppressed", "Kept back by the suppression list"),
        (EventType.REJECTED, "protection", "Refused by the link protection"),
        (EventType.REJECTED, "rcpt", "Refused by the next server"),
        (EventType.DEFERRED, "protection", "Put off by the link protection"),
        (EventType.DEFERRED, "connect", "The next server could not be reached"),
        (EventType.DEFERRED, "end_of_data", "Put off by the next server"),
        (EventType.REJECTED, "rcpt 5.1.1", "Refused by the next server: there is no such mailbox"),
        (EventType.DEFERRED, "rcpt 4.2.2", "Put off by the next server: the mailbox is full"),
        (EventType.REJECTED, "suppressed 5.1.1", "Kept back by the suppression list"),
    ],
)
def test_the_next_server_is_said_to_have_refused_only_what_it_saw(
    admin: Client, type_: EventType, stage: str, title: str
) -> None:
    mail = message(1)
    recipient(mail, delivery=type_.value, reply_code=550)
    where, _, status = stage.partition(" ")
    event(mail, type_, 1, detail={"code": 550, "enhanced_status": status, "text": "No", "stage": where})
    shown = page(admin, f"/messages/{key(mail)}/")
    assert re.findall(r'class="step-title">([^<]*)<', shown) == [title]
    assert f'<span class="tile-line">{title}.</span>' in shown
    assert "The next server will not" not in shown


def test_of_several_copies_the_glance_says_no_single_ones_reason(admin: Client) -> None:
    mail = message(1)
    for index in range(2):
        recipient(mail, index, delivery="bounced")
        event(mail, EventType.BOUNCED, 1, recipient_index=index, detail={"cause": "mailbox_full"})
    shown = page(admin, f"/messages/{key(mail)}/")
    assert "Bounced: the mailbox is full." not in shown
    assert "It came back after it was sent." in shown


def test_nobody_asks_why_copies_failed_that_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def heard(status: str, text: str) -> Found:
        asked.append(text)
        return Found(Cause.UNKNOWN)

    monkeypatch.setattr(timeline_module, "find_cause", heard)
    text = "No" * 2_000
    events = [
        Event(type=EventType.REJECTED, actor=Actor.UNKNOWN, at=NOON, position=n, detail={"text": text})
        for n in range(500)
    ]
    items, more = timeline(events, recipients={}, links={})
    assert [item.oldest.position for item in items] == list(range(499, 499 - ITEMS_SHOWN, -1))
    assert more
    assert len(asked) == ITEMS_SHOWN + 1
    assert len(asked[0]) < 1_000


def test_lists_show_times_to_the_minute_and_a_message_to_the_second(admin: Client) -> None:
    mail = message(1)
    listed, shown = page(admin, "/"), page(admin, f"/messages/{key(mail)}/")
    assert 'title="2026-03-09 12:01:00 UTC" class="brief">09 Mar 2026, 12:01 UTC<' in listed
    assert 'title="2026-03-09 12:01:00 UTC" class="whole">09 Mar 2026, 12:01:00 UTC<' in shown
