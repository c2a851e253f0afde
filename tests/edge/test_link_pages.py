"""The pages before a link: what they say and to whom, and what a reader can do there."""

import asyncio
import re
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstamp.edge import Edge, EdgeConfig
from backstamp.edge.deciding.policy import MOST_LOGO, hit_policy
from backstamp.edge.link_pages import asking
from backstamp.edge.link_pages.asking import LONGEST_TEXT, asked_for, sealed_wait, waiting_since
from backstamp.edge.link_pages.languages import LINK_WORDS
from backstamp.edge.link_pages.style import STYLE
from backstamp.edge.link_pages.wording import NAMING, WHY, Look, Why
from backstamp.edge.requests import bodies
from backstamp.edge.sunset import SunsetEdge
from backstamp.journal import JournalUnavailableError
from backstamp.policy import (
    ConsentMode,
    DomainPolicy,
    Kills,
    PageWords,
    Protection,
    ProtectionMode,
    Snapshot,
)
from backstamp.shared_files import Answer, Drop
from backstamp.shared_files.threat_file import publish_lists
from backstamp.threats import ThreatReason
from backstamp.threats.confusables import unicode_labels
from backstamp.threats.lists import Source, SourceEntries
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import ClickAction, ReaderReportKind, ThreatType
from tests.edge.fake import FakeProtocol, FakeScope
from tests.edge.guarded import DAY, PREFIX, answer, guard, protecting_edge, received, reports_in, sent
from tests.edge.setting import OTHER_RING, RING, edge_in, hits_in, link
from tests.edge.test_answers import asker, posted

BAD = "https://www.phish.example/login"
DOUBTED = "https://paypal-login.example/account?x=1"
MAYBE = f"https://{PREFIX}a"
OVERRIDABLE = Protection(mode=ProtectionMode.PROTECT, may_override=True)
LANGUAGES = ("en", "de", "ko")


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    return protecting_edge(tmp_path)


def shown(edge: Edge, path: str, language: str = "en") -> FakeProtocol:
    return asker(edge)(path, fields=[("accept-language", language)])


def said(reply: FakeProtocol) -> str:
    """Return the text of a page as a reader sees it."""
    body = re.sub(r"<style>.*?</style>", "", reply.body.decode(), flags=re.DOTALL).replace("<wbr>", "")
    return unescape(re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]+>", "", body.replace("</dt>", "\n"))))


def test_a_block_page_says_who_where_why_by_whom_and_since_when(tmp_path: Path) -> None:
    reply = shown(protecting_edge(tmp_path), received(BAD))
    assert reply.status == 403
    text = said(reply)
    for line in (
        "This link is blocked",
        "Your mail system checks the links in your mail",
        "www.phish.example",
        "It is known for fraud: pages like this steal passwords or payment details.",
        "list-of-phishing, since 4 October 2024",
    ):
        assert line in text
    assert b'<bdi dir="ltr">www.<wbr><strong>phish.example</strong></bdi>' in reply.body
    assert b"/login" not in reply.body
    assert b'value="go_on"' not in reply.body


@pytest.mark.parametrize(
    ("language", "title", "why", "since"),
    [
        ("en-GB", "This link is blocked", "It is known for fraud", "list-of-phishing, since 4 October 2024"),
        ("de-AT", "Dieser Link ist gesperrt", "Er ist für Betrug bekannt", "seit dem 4. Oktober 2024"),
        ("ko", "차단된 링크입니다", "사기 페이지로 알려져 있습니다", "list-of-phishing, 2024년 10월 4일부터"),
        ("fr, *;q=0.1", "This link is blocked", "It is known for fraud", "4 October 2024"),
    ],
)
def test_pages_speak_the_readers_language(
    tmp_path: Path, language: str, title: str, why: str, since: str
) -> None:
    reply = shown(protecting_edge(tmp_path), received(BAD), language)
    spoken = reply.field("content-language")
    assert f'<html lang="{spoken}">'.encode() in reply.body
    assert f"<title>{title}</title>".encode() in reply.body
    assert f"<h1>{title}</h1>".encode() in reply.body
    assert why.encode() in reply.body
    assert since.encode() in reply.body
    assert reply.field("vary") == "accept-language"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_for_everything(language: str) -> None:
    words = LINK_WORDS[language]
    assert set(WHY) == set(ThreatReason)
    assert set(words.why) == set(Why) - {Why.LISTED}
    assert set(words.listed) == set(ThreatType)
    assert set(words.titles) == set(words.leads) == set(Look) - {Look.REPORTED}
    assert set(words.report) == set(words.reported) == set(ReaderReportKind) - {ReaderReportKind.OVERRIDE}
    assert len(words.months) == 12
    for why, text in words.why.items():
        assert ("{name}" in text) is (why in NAMING)
    assert (
        words.day(DAY * 86_400_000_000)
        == {
            "en": "4 October 2024",
            "de": "4. Oktober 2024",
            "ko": "2024년 10월 4일",
        }[language]
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("url", "status"),
    [(BAD, 403), (DOUBTED, 403), (MAYBE, 202), ("ftp://x.example/", 503)],
)
def test_every_page_is_whole_accessible_and_loads_nothing(
    tmp_path: Path, url: str, status: int, language: str
) -> None:
    words = PageWords("Acme", "Call us.", "help@acme.example", "data:image/png;base64,iVBORw0KGgo=")
    edge = protecting_edge(tmp_path, Protection(mode=ProtectionMode.PROTECT, may_override=True, page=words))
    reply = shown(edge, received(url), language)
    assert reply.status == status
    text = reply.body.decode()
    assert text.startswith(f'<!doctype html>\n<html lang="{language}">')
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in text
    assert len(re.findall(r"<h1>", text)) == len(re.findall(r"<main ", text)) == 1
    assert set(re.findall(r'<label for="(\w+)"', text)) == set(re.findall(r'<textarea id="(\w+)"', text))
    assert not re.search(r"<script|<link|<iframe|\bon\w+=|style=|@import|url\(|http://|src=\"(?!data:)", text)
    assert re.findall(r'href="(.*?)"', text)[-1] == "mailto:help@acme.example"
    csp = reply.field("content-security-policy") or ""
    assert csp == (
        f"{STYLE.policy(images=False).split(';')[0]}; {STYLE.policy(images=False).split('; ')[1]}; "
        "img-src data:; form-action http: https:; base-uri 'none'; frame-ancestors 'none'"
    )
    assert "unsafe" not in csp
    assert "no-store" in (reply.field("cache-control") or "")
    assert reply.field("referrer-policy") == "same-origin", "under no-referrer, forms come from nowhere"
    assert reply.field("x-content-type-options") == "nosniff"


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "suspected of stealing"), ("de", "Es besteht der Verdacht"), ("ko", "의심됩니다")],
)
@pytest.mark.parametrize(
    ("source", "advisory"),
    [
        ("safe-browsing", "https://developers.google.com/safe-browsing/v4/advisory"),
        ("web-risk", "https://cloud.google.com/web-risk/docs/advisory"),
        ("openphish", ""),
    ],
)
def test_a_warning_by_a_list_of_googles_is_attributed_and_no_other_is(
    tmp_path: Path, language: str, words: str, source: str, advisory: str
) -> None:
    guard(tmp_path)
    entries = SourceEntries(Source(source, ThreatType.PHISHING), [full_hash("phish.example/")])
    publish_lists(tmp_path / "threats.lists", [entries])
    text = shown(edge_in(tmp_path), received(BAD), language).body.decode()
    links = re.findall(r'<a href="(https://[^"]+)" rel="noreferrer">', text)
    learn = "https://developers.google.com/search/docs/monitor-debug/security/social-engineering"
    assert links == ([advisory, learn] if advisory else [])
    assert ("Advisory provided by Google" in text) is bool(advisory)
    assert (words in text) is bool(advisory)


def test_the_bare_prefix_of_a_list_of_googles_attributes_no_warning_to_it(tmp_path: Path) -> None:
    guard(tmp_path)
    certain = SourceEntries(Source("openphish", ThreatType.PHISHING), [full_hash("phish.example/")])
    bare = Source("safe-browsing", ThreatType.PHISHING, 4, bare=True)
    prefix = SourceEntries(bare, [full_hash("phish.example/")[:4]])
    publish_lists(tmp_path / "threats.lists", [certain, prefix])
    reply = shown(edge_in(tmp_path), received(BAD))
    assert reply.status == 403
    assert b"openphish" in reply.body
    assert b"Advisory provided by Google" not in reply.body


def test_the_administrators_words_are_shown_and_are_text(tmp_path: Path) -> None:
    words = PageWords("<Acme> & Co", "One <b>line</b>.\n\nAnother.", "<a href=x>", "javascript:alert(1)")
    reply = shown(
        protecting_edge(tmp_path, Protection(mode=ProtectionMode.PROTECT, page=words)), received(BAD)
    )
    assert b"<bdi>&lt;Acme&gt; &amp; Co</bdi> protects your mail" in reply.body
    assert b'<p dir="auto">One &lt;b&gt;line&lt;/b&gt;.</p>\n<p dir="auto">Another.</p>' in reply.body
    assert b"&lt;a href=x&gt;" in reply.body
    assert b"<img" not in reply.body
    assert "img-src" not in (reply.field("content-security-policy") or "")


@pytest.mark.parametrize(
    "logo",
    [
        "https://tracker.example/x.png",
        "data:text/html;base64,PHNjcmlwdD4=",
        'data:image/png;base64,AA" onerror="alert(1)',
        "data:image/png;base64,AA==\n",
        "data:image/png;base64," + "A" * MOST_LOGO,
    ],
)
def test_what_is_no_logo_is_left_out(tmp_path: Path, logo: str) -> None:
    page = PageWords(logo=logo)
    edge = protecting_edge(tmp_path, Protection(mode=ProtectionMode.PROTECT, page=page))
    assert b"<img" not in shown(edge, received(BAD)).body


@pytest.mark.parametrize(
    "url",
    [
        'https://phish.example/"><script>alert(1)</script>',
        "https://phish.example/?a='onmouseover='x&b=%3Cscript%3E",
        "https://paypal-login.example/<img src=x onerror=alert(1)>",
        "https://xn--pple-43d.example/\"'><b>",
        "https://paypal.com@paypal-login.example/<svg/onload=x>",
    ],
)
def test_hostile_urls_are_text_on_every_page(tmp_path: Path, url: str) -> None:
    edge = protecting_edge(tmp_path)
    for reply in (
        shown(edge, received(url)),
        posted(edge, received(url), b"act=phishing&text=<script>alert(1)</script>"),
    ):
        assert re.findall(rb"<(?:script|img|b>|svg/|svg (?!viewBox))", reply.body) == []
        assert not re.search(rb"<[^>]*\bon(?:error|load|mouseover)=", reply.body)
    assert not any("secret" in hit.threat_reason for hit in hits_in(tmp_path))


@given(host=st.text(st.characters(categories=["L", "N", "M", "S", "P"]), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_host_is_shown_with_what_could_deceive(edge: Edge, host: str) -> None:
    url = f"https://{quote(host)}.example/"
    text = said(shown(edge, received(url)))
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text)


def test_a_host_that_could_be_mistaken_is_shown_in_punycode(tmp_path: Path) -> None:
    reply = shown(protecting_edge(tmp_path), received("https://xn--80ak6aa92e.com/"))
    assert "".join(unicode_labels("xn--80ak6aa92e.com")).startswith("\u0430")
    assert b"<strong>xn--80ak6aa92e.com</strong>" in reply.body
    assert "spelled in its technical form" in said(reply)
    assert "can be mistaken for apple.com" in said(reply)


def test_what_is_inside_a_wrapper_is_shown_too(tmp_path: Path) -> None:
    url = "https://eur01.safelinks.protection.outlook.com/?url=" + quote(BAD, safe="") + "&data=x"
    text = said(shown(protecting_edge(tmp_path), received(url)))
    assert re.search("It leads to\n.*protection.outlook.com\n.*and from there to\nwww.phish.example\n", text)


def test_a_warned_reader_goes_on_by_post_alone(tmp_path: Path) -> None:
    edge = protecting_edge(tmp_path)
    path = received(DOUBTED)
    page = shown(edge, path)
    assert page.status == 403
    assert b'<form method="post" class="go-on">' in page.body
    assert DOUBTED.encode() in page.body
    for query in ("act=go_on", "w=" + "A" * 32, "act=go_on&text=x"):
        for method in ("GET", "HEAD"):
            reply = asker(edge)(path, method=method, query_string=query)
            assert (reply.status, reply.field("location")) == (403, None)
    onward = posted(edge, path, b"act=go_on")
    assert (onward.status, onward.field("location")) == (303, DOUBTED)
    hits = hits_in(tmp_path)
    assert [hit.action for hit in hits] == [ClickAction.WARN] * 7 + [ClickAction.GO_ON]
    assert (hits[-1].method, hits[-1].threat_reason) == ("POST", "name_with_bait")


def test_a_form_leads_nowhere_but_to_what_is_sealed(tmp_path: Path) -> None:
    edge = protecting_edge(tmp_path)
    for body in (
        b"act=go_on&url=https://evil.example/",
        b"act=go_on&act=go_on&to=//evil.example",
        b"url=https://evil.example/&act=go_on",
    ):
        assert posted(edge, received(DOUBTED), body).field("location") == DOUBTED
    assert posted(edge, received(DOUBTED) + "x", b"act=go_on").status == 405
    assert posted(edge, f"/{link(ring=OTHER_RING, protected=True)}", b"act=go_on").status == 405


@pytest.mark.parametrize(
    "body",
    [b"", b"act=", b"act=override", b"act=GO_ON", b"\xff\x00=", b"act=go_on&" * 20, b"x" * 40_000],
)
def test_what_is_not_understood_leads_nowhere(tmp_path: Path, body: bytes) -> None:
    reply = posted(protecting_edge(tmp_path), received(DOUBTED), body)
    assert (reply.status, reply.field("location")) == (405, None)
    assert hits_in(tmp_path) == []


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.01)
    proto = FakeProtocol(pieces=[b"act=go_on"], never_ends=True)
    asyncio.run(protecting_edge(tmp_path).__rsgi__(FakeScope(received(DOUBTED), "POST"), proto))
    assert proto.status == 405


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_sites_form_does_nothing(tmp_path: Path, site: str) -> None:
    edge = protecting_edge(tmp_path)
    for act in (b"act=go_on", b"act=mistake"):
        assert posted(edge, received(DOUBTED), act, fields=[("sec-fetch-site", site)]).status == 405
    assert hits_in(tmp_path) == []
    assert reports_in(tmp_path) == []
    for own in ("same-origin", "none"):
        reply = posted(edge, received(DOUBTED), b"act=go_on", fields=[("sec-fetch-site", own)])
        assert reply.status == 303, "none: the reader sends it again without any page"


@pytest.mark.parametrize(
    ("origin", "asked", "counts"),
    [
        ("https://t.example.org", "t.example.org", True),
        ("HTTPS://T.example.org:443", "t.example.org", True),
        ("http://127.0.0.1:8025", "127.0.0.1:8025", True),
        ("http://localhost", "backend:8025", True),
        ("https://evil.example", "t.example.org", False),
        ("https://t.example.org.evil.example", "t.example.org", False),
        ("https://t.example.org@evil.example", "t.example.org", False),
        ("http://t.example.org:8080", "t.example.org", False),
        ("null", "t.example.org", False),
        ("null", "null", False),
        ("", "", False),
        ("https://[", "t.example.org", False),
    ],
)
def test_an_older_browser_says_by_its_origin_whose_form_it_is(
    tmp_path: Path, origin: str, asked: str, counts: bool
) -> None:
    edge = protecting_edge(tmp_path)
    own = [("host", asked), ("origin", origin)]
    assert posted(edge, received(DOUBTED), b"act=go_on", fields=own).status == (303 if counts else 405)
    if asked:
        by_http_2 = posted(edge, received(DOUBTED), b"act=go_on", fields=own[1:], authority=asked)
        assert by_http_2.status == (303 if counts else 405)
    assert len(hits_in(tmp_path)) == 2 * counts


def test_forms_count_from_all_hosts_by_which_an_edge_is_asked() -> None:
    domain = DomainPolicy(domain_id=1, name="acme.example", tracking_url="https://Links.acme.example:443/")
    snapshot = Snapshot(
        published_at_us=1,
        enabled=True,
        consent_mode=ConsentMode.OBJECTION,
        tracking_url="http://localhost:8025",
        origins={},
        domains={domain.name: domain},
    )
    assert hit_policy(snapshot).own_hosts == {"links.acme.example", "localhost:8025"}


def test_a_sunset_edge_does_nothing_for_another_sites_form_either() -> None:
    for site, status in (("cross-site", 405), ("same-origin", 303)):
        proto = FakeProtocol()
        scope = FakeScope(received(BAD), "POST", fields=[("sec-fetch-site", site)])
        asyncio.run(SunsetEdge(EdgeConfig(host="127.0.0.1", port=0), lambda: RING).__rsgi__(scope, proto))
        assert proto.status == status


def test_a_client_without_both_fields_is_believed(tmp_path: Path) -> None:
    edge = protecting_edge(tmp_path)
    assert posted(edge, received(DOUBTED), b"act=go_on", fields=[("host", "x.example")]).status == 303


def test_a_blocked_link_leads_nowhere_by_post_either(tmp_path: Path) -> None:
    edge = protecting_edge(tmp_path)
    reply = posted(edge, received(BAD), b"act=go_on&text=I+want+it")
    assert (reply.status, reply.field("location")) == (403, None)
    assert [hit.action for hit in hits_in(tmp_path)] == [ClickAction.BLOCK]
    assert reports_in(tmp_path) == []


def test_a_blocked_link_leads_on_with_a_reason_where_that_is_allowed(tmp_path: Path) -> None:
    edge = protecting_edge(tmp_path, OVERRIDABLE)
    page = shown(edge, received(BAD))
    assert b'<textarea id="reason" name="text" maxlength="1000" required>' in page.body
    for text in ("", "+++", "x"):
        refused = posted(edge, received(BAD), f"act=go_on&text={text}".encode())
        assert (refused.status, refused.field("location")) == (403, None)
        assert "Please say why" in said(refused)
    onward = posted(edge, received(BAD), b"act=go_on&text=We+test%0D%0Ait%00")
    assert (onward.status, onward.field("location")) == (303, BAD)
    (report,) = reports_in(tmp_path)
    assert (report.kind, report.text, report.url) == (ReaderReportKind.OVERRIDE, "We test\nit", BAD)
    assert [hit.action for hit in hits_in(tmp_path)] == [*[ClickAction.BLOCK] * 4, ClickAction.GO_ON]


def test_who_gives_a_reason_absurdly_often_is_not_led_on_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstamp.edge.link_pages.answering.OVERRIDES_MOST", 2)
    edge = protecting_edge(tmp_path, OVERRIDABLE)
    replies = [posted(edge, received(BAD), b"act=go_on&text=because") for _ in range(4)]
    assert [reply.status for reply in replies] == [303, 303, 403, 403]
    assert "cannot be noted" in said(replies[-1])
    assert len(reports_in(tmp_path)) == 2


def test_a_killed_link_cannot_be_overridden(tmp_path: Path) -> None:
    edge = protecting_edge(tmp_path, OVERRIDABLE, kills=Kills(messages=frozenset({7})))
    assert posted(edge, received(BAD), b"act=go_on&text=because").status == 410


def test_nobody_goes_on_while_the_reason_cannot_be_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = protecting_edge(tmp_path, OVERRIDABLE)
    _break_journal(edge, monkeypatch)
    refused = posted(edge, received(BAD), b"act=go_on&text=because")
    assert (refused.status, refused.field("location")) == (403, None)
    assert "cannot be noted" in said(refused)


def _break_journal(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_record: object) -> None:
        raise JournalUnavailableError("journal cannot be written")

    monkeypatch.setattr(edge._journal, "append_synced", full)


@pytest.mark.parametrize("kind", [ReaderReportKind.MISTAKE, ReaderReportKind.PHISHING])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_on_the_disk_before_it_is_thanked_for(
    tmp_path: Path, kind: ReaderReportKind, language: str
) -> None:
    edge = protecting_edge(tmp_path)
    text = quote("여기 <b>" + "x" * LONGEST_TEXT)
    body = f"act={kind.value}&text={text}".encode()
    reply = posted(edge, received(BAD), body, fields=[("accept-language", language)])
    assert reply.status == 200
    assert LINK_WORDS[language].reported[kind] in said(reply)
    (report,) = reports_in(tmp_path)
    assert (report.kind, report.url, report.tracking_id) == (kind, BAD, 7)
    assert (report.link_number, report.recipient_index, report.domain_id) == (3, 2, 1)
    assert report.text.startswith("여기 <b>x")
    assert len(report.text) == LONGEST_TEXT
    assert hits_in(tmp_path) == []


def test_looking_reports_nothing(tmp_path: Path) -> None:
    edge = protecting_edge(tmp_path)
    for method in ("GET", "HEAD"):
        asker(edge)(received(BAD), method=method, query_string="act=mistake&text=x")
    assert reports_in(tmp_path) == []


def test_a_flood_of_reports_is_thanked_for_and_not_kept(tmp_path: Path) -> None:
    edge = protecting_edge(tmp_path)
    for _ in range(20):
        assert posted(edge, received(BAD), b"act=mistake").status == 200
        assert posted(edge, received(BAD, number=4), b"act=phishing").status == 200
    assert len(reports_in(tmp_path)) == 10
    assert edge._counts[Drop.REPORT_LIMIT] == 30
    assert edge._counts[Answer.REPORTED] == 40


def test_a_report_that_cannot_be_noted_is_not_thanked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    edge = protecting_edge(tmp_path)
    _break_journal(edge, monkeypatch)
    reply = posted(edge, received(BAD), b"act=mistake")
    assert reply.status == 503
    assert "cannot be noted just now" in said(reply)
    assert [record.getMessage() for record in caplog.records] == [
        "what a reader says of a link cannot be noted: journal cannot be written"
    ]


class Clock:
    """The time as the edge sees it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1_800_000_000.0
        monkeypatch.setattr("backstamp.edge.link_pages.answering.time_ns", lambda: int(self.seconds * 1e9))


def next_look(reply: FakeProtocol) -> str:
    """Return the query by which the page looks again."""
    match = re.search(rb'<meta http-equiv="refresh" content="1; url=\?(w=[A-Za-z0-9_-]{32})">', reply.body)
    assert match is not None
    assert b'<a href="?' + match[1] + b'">' in reply.body
    return match[1].decode()


@pytest.mark.parametrize(
    ("unresolved", "status"), [(ClickAction.ALLOW, 302), (ClickAction.WARN, 403), (ClickAction.BLOCK, 403)]
)
def test_a_check_takes_three_seconds_at_most_and_then_the_domain_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unresolved: ClickAction, status: int
) -> None:
    clock = Clock(monkeypatch)
    edge = protecting_edge(tmp_path, Protection(mode=ProtectionMode.PROTECT, unresolved=unresolved))
    path = received(MAYBE)
    reply = shown(edge, path)
    for _ in range(2):
        clock.seconds += 1
        assert reply.status == 202
        assert "prefixes" not in said(reply), "nobody is accused by a bare prefix"
        reply = asker(edge)(path, query_string=next_look(reply))
    clock.seconds += 1
    reply = asker(edge)(path, query_string=next_look(reply))
    assert (reply.status, reply.field("location")) == (status, MAYBE if status == 302 else None)
    hits = hits_in(tmp_path)
    assert [hit.action for hit in hits] == [ClickAction.CHECK, unresolved]
    assert {(hit.threat, hit.threat_reason, hit.threat_source) for hit in hits} == {
        (ThreatType.PHISHING, "listed_prefix", "prefixes")
    }


def test_who_is_warned_after_a_check_in_vain_may_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    edge = protecting_edge(tmp_path, Protection(mode=ProtectionMode.PROTECT, unresolved=ClickAction.WARN))
    path = received(MAYBE)
    query = next_look(shown(edge, path))
    assert posted(edge, path, b"act=go_on").status == 202, "the check is not skipped"
    clock.seconds += 2
    assert posted(edge, path, b"act=go_on", query_string=query).status == 202, "nor is its rest"
    clock.seconds += 1
    assert asker(edge)(path, query_string=query).status == 403
    onward = posted(edge, path, b"act=go_on", query_string=query)
    assert (onward.status, onward.field("location")) == (303, MAYBE)
    assert hits_in(tmp_path)[-1].action is ClickAction.GO_ON


def test_a_check_ends_at_once_when_the_answer_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backstamp.shared_files.answers_file.RECHECK_SECONDS", 0.0)
    edge = protecting_edge(tmp_path)
    for path, dangerous, status in ((received(MAYBE), (), 302), (sent(MAYBE), (PREFIX,), 403)):
        answer(tmp_path)
        edge._refresh_policy()
        query = next_look(shown(edge, path))
        answer(tmp_path, asked=[PREFIX], dangerous=dangerous)
        edge._refresh_policy()
        assert asker(edge)(path, query_string=query).status == status


def test_nobody_skips_a_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    edge = protecting_edge(tmp_path)
    path, other = received(MAYBE), received(MAYBE, number=9)
    query = next_look(shown(edge, path))
    clock.seconds += 4
    assert asker(edge)(path, query_string=query).status == 302, "this one has waited"
    ripe = sealed_wait(RING, path, int((clock.seconds - 4) * 1e6))[1:]
    assert asker(edge)(path, query_string=ripe).status == 302
    forged = [
        sealed_wait(OTHER_RING, path, int((clock.seconds - 4) * 1e6))[1:],
        "w=" + "A" * 32,
        query.replace("w=", "v="),
        query[:-1],
        query[:-1] + ("A" if query[-1] != "A" else "B"),
        "",
    ]
    for each in forged:
        assert asker(edge)(path, query_string=each).status == 202
    assert asker(edge)(other, query_string=query).status == 202, "another link's wait"
    clock.seconds += 57
    assert asker(edge)(path, query_string=query).status == 202, "a wait of long ago"
    clock.seconds -= 100
    assert asker(edge)(path, query_string=query).status == 202, "a wait that has not begun"
    assert posted(edge, path, b"act=go_on").status == 202


def test_a_doubtful_link_below_a_prefix_is_checked_before_anybody_is_warned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    edge = protecting_edge(tmp_path)
    path = received(MAYBE, doubtful=True)
    query = next_look(shown(edge, path))
    clock.seconds += 3
    reply = asker(edge)(path, query_string=query)
    assert reply.status == 403
    assert "It looked suspicious in the mail" in said(reply)


@given(query=st.text(max_size=60) | st.from_regex(r"w=[A-Za-z0-9_-]{32}", fullmatch=True), at=st.integers(0))
def test_a_wait_is_nobodys_but_ours(query: str, at: int) -> None:
    assert waiting_since(RING, "/x", query, at) is None
    assert waiting_since(RING, "/x", sealed_wait(RING, "/x", 5)[1:], 5 + asking.STALE_US) == 5


@given(st.binary(max_size=200))
def test_no_body_breaks_the_form(body: bytes) -> None:
    asked = asked_for(body)
    assert asked is None or len(asked.text) <= LONGEST_TEXT


urls = st.sampled_from(
    [
        BAD,
        "https://malware.example/x.exe",
        "https://phish.example/?" + quote("https://plain.example/", safe=""),
        "https://www.google.com/url?q=" + quote(BAD, safe=""),
    ]
) | st.builds(
    lambda host, path: f"https://{host}phish.example/{path}",
    st.from_regex(r"([a-z0-9]{1,9}\.){0,6}", fullmatch=True),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30),
)


@given(
    url=urls,
    query=st.text(max_size=30)
    | st.sampled_from(["act=go_on", "w=" + "A" * 32, "url=https://phish.example/"]),
    method=st.sampled_from(["GET", "HEAD"]),
    fields=st.lists(
        st.tuples(
            st.sampled_from(["accept-language", "user-agent", "referer", "x-forwarded-for", "purpose"]),
            st.text(max_size=20),
        ),
        max_size=4,
    ),
    inbound=st.booleans(),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_get_ever_leads_to_a_url_that_is_blocked(
    edge: Edge, url: str, query: str, method: str, fields: list[tuple[str, str]], inbound: bool
) -> None:
    path = received(url) if inbound else sent(url)
    reply = asker(edge)(path, method=method, query_string=query, fields=fields)
    assert (reply.status, reply.field("location")) == (403, None)
    assert b"http-equiv" not in reply.body
    assert reply.field("refresh") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sunset_edge_asks_before_every_received_link_in_the_readers_language(language: str) -> None:
    edge = SunsetEdge(EdgeConfig(host="127.0.0.1", port=0), lambda: RING)

    def ask(path: str, method: str = "GET") -> FakeProtocol:
        proto = FakeProtocol()
        scope = FakeScope(path, method, fields=[("accept-language", language)])
        with pytest.raises(StopIteration):
            edge.__rsgi__(scope, proto).send(None)
        return proto

    page = ask(received(BAD))
    assert (page.status, page.field("location")) == (503, None)
    words = LINK_WORDS[language]
    assert words.titles[Look.ABANDONED] in said(page)
    assert words.leads[Look.ABANDONED] in said(page)
    assert words.by_nobody not in said(page), "it says who protects, and nobody does"
    assert b'value="go_on"' in page.body
    assert b'value="phishing"' not in page.body, "nobody would hear of it"
    assert ask(received(BAD), "POST").field("location") == BAD
    assert ask(sent(BAD)).field("location") == BAD


def test_sent_mail_is_not_called_the_readers_mail(tmp_path: Path) -> None:
    guard(tmp_path)
    edge = protecting_edge(tmp_path)
    assert "The sender’s mail system checks the links in its mail" in said(shown(edge, sent(BAD)))


def _luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(each * 2 for each in colour)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_a_contrast_of_four_and_a_half(scheme: str) -> None:
    dark = "".join(
        re.findall(r"@media screen and \(prefers-color-scheme:dark\)\{:root\{(.*?)\}\}", STYLE.text)
    )
    light = "".join(re.findall(r"(?<!\{):root\{(.*?)\}", STYLE.text))
    colours = dict(re.findall(r"--([\w-]+):#([0-9a-f]+)", light + (dark if scheme == "dark" else "")))

    def contrast(one: str, other: str) -> float:
        a, b = sorted((_luminance(colours[one]), _luminance(colours[other])))
        return (b + 0.05) / (a + 0.05)

    pairs = [(text, ground) for text in ("ink", "soft", "accent") for ground in ("paper", "ground")]
    pairs += [("ink", "bad-ground"), ("ink", "doubt-ground"), ("ink", "calm-ground"), ("on-accent", "accent")]
    pairs += [("bad", "bad-ground"), ("doubt", "doubt-ground"), ("calm", "calm-ground")]
    assert min((contrast(*pair), pair) for pair in pairs)[0] >= 4.5
