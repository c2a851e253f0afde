"""Questions about single URLs: prefixes and domains, answered, kept, and published."""

import asyncio
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dns.rcode
import msgspec
import pytest

from backstamp.shared_files.answers_file import AnswersFile
from backstamp.threats.findings import Finding, ThreatReason
from backstamp.urls.safe_browsing import full_hash, full_hashes
from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.config import FeedsConfig
from backstamp.worker.feeds.keeping.copies import ListStore, State
from backstamp.worker.feeds.keeping.new_entries import NewEntries, Spool
from backstamp.worker.feeds.lists.source import Source
from backstamp.worker.feeds.providers import safe_browsing, web_risk
from backstamp.worker.feeds.providers.dns_lists import (
    SURBL_ZONE,
    DnsForm,
    DnsList,
    Trouble,
    Verdict,
    verdict_of,
)
from backstamp.worker.feeds.providers.dns_lists.asking import DnsResolver
from backstamp.worker.feeds.questions import answer_book
from backstamp.worker.feeds.questions import lookups as module
from backstamp.worker.feeds.questions import prefixes as prefix_questions
from backstamp.worker.feeds.questions.lookups import Lookups
from backstamp.worker.feeds.questions.resting import rest_of
from tests.worker.feeds.dns_server import DnsServer, dns_server
from tests.worker.feeds.feed_server import FeedServer, Page
from tests.worker.feeds.google import SafeBrowsing, WebRisk, offered

URL = "http://evil.example/a"
WHOLE = full_hash("evil.example/a")
CLEAN = full_hash("clean.example/")
DBL = DnsList(DnsForm.SPAMHAUS_DBL, "dbl.test")
SURBL = DnsList(DnsForm.SURBL, SURBL_ZONE)


def now_us() -> int:
    return time.time_ns() // 1000


def bare(url: str, source: str = "safe-browsing/se-4b") -> Finding:
    """What a list of prefixes says of a URL."""
    return Finding(
        threat_type=ThreatType.PHISHING,
        reason=ThreatReason.LISTED_PREFIX,
        source=source,
        detail=full_hashes(url)[0][0],
        confirmed=False,
    )


@pytest.fixture
def google(server: FeedServer) -> SafeBrowsing:
    service = SafeBrowsing(safe_browsing.LISTS)
    server.pages["/v5/hashes:search"] = Page(service.search)
    return service


def config(
    tmp_path: Path, *sources: Source, dns_lists: tuple[DnsList, ...] = (), resolver: str = ""
) -> FeedsConfig:
    return FeedsConfig(
        sources=sources,
        dns_lists=dns_lists,
        resolver=resolver,
        directory=tmp_path / "feeds",
        lists_path=tmp_path / "threats.lists",
        answers_path=tmp_path / "threats.answers",
    )


async def test_a_prefix_is_resolved_once_and_both_answers_are_published(
    server: FeedServer, google: SafeBrowsing, tmp_path: Path
) -> None:
    google.full = {WHOLE: [(1, [])]}
    lookups = Lookups(config(tmp_path, offered("safe-browsing", server)))
    before = AnswersFile(tmp_path / "threats.answers").current()
    assert before.complete([bare(URL)], full_hashes(URL), now_us()) == (bare(URL),), "being checked"
    await lookups.resolve([WHOLE, CLEAN])
    answers = AnswersFile(tmp_path / "threats.answers").current()
    (finding,) = answers.complete([bare(URL)], full_hashes(URL), now_us())
    assert finding.confirmed
    assert (finding.source, finding.threat_type, finding.detail) == (
        "safe-browsing",
        ThreatType.MALWARE,
        "evil.example/a",
    )
    assert abs(now_us() - finding.since_us) < 60_000_000
    clean = "http://clean.example/"
    assert answers.complete([bare(clean)], full_hashes(clean), now_us()) == ()
    later = now_us() + 400 * 1_000_000
    assert answers.complete([bare(clean)], full_hashes(clean), later) == (bare(clean),)
    assert answers.complete([bare(URL)], full_hashes(URL), later) == (bare(URL),)
    await lookups.resolve([WHOLE[:4], CLEAN[:4]])
    assert len(server.asked) == 1, "both answers are cached for the time that the service said"
    sent = str(server.asked[0].query)
    assert "evil" not in sent
    assert len(server.asked[0].query["hashPrefixes"][0]) == 8, "4 bytes in base64"


async def test_what_is_confirmed_is_news_once_and_keeps_its_since(
    server: FeedServer, google: SafeBrowsing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.full = {WHOLE: [(1, []), (2, [])]}
    setup = config(tmp_path, offered("safe-browsing", server))
    await Lookups(setup).resolve([WHOLE, CLEAN])
    since = [each.since_us for each in AnswersFile(setup.answers_path).current().dangerous[WHOLE]]
    spool = Spool(setup.directory)
    told = [NewEntries(path) for path in spool.waiting()]
    assert sorted((new.source, new.threat_type, new.count) for new in told) == [
        ("safe-browsing", ThreatType.MALWARE, 1),
        ("safe-browsing", ThreatType.PHISHING, 1),
    ]
    assert [list(new.hashes()) for new in told] == [[WHOLE], [WHOLE]]
    assert [(list(new.expressions()), list(new.prefixes())) for new in told] == [([], [])] * 2
    for path in spool.waiting():
        spool.done(path)
    later = time.time() + 2 * 86_400
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr(time, "time_ns", lambda: int(later * 1e9))
    again = Lookups(setup)
    again._prune()
    assert again.answers.dangerous == {}
    await again.resolve([WHOLE])
    assert [each.since_us for each in again.answers.dangerous[WHOLE]] == since
    assert spool.waiting() == []


async def test_a_url_below_the_same_prefix_is_not_dangerous_itself(
    server: FeedServer, google: SafeBrowsing, tmp_path: Path
) -> None:
    google.full = {WHOLE[:4] + b"x" * 28: [(1, [])]}
    lookups = Lookups(config(tmp_path, offered("safe-browsing", server)))
    await lookups.resolve([WHOLE])
    assert lookups.answers.complete([bare(URL)], full_hashes(URL), now_us()) == ()


async def test_while_the_service_is_away_a_prefix_stays_open(
    server: FeedServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.pages["/v5/hashes:search"] = Page(status=503, headers={"retry-after": "120"})
    lookups = Lookups(config(tmp_path, offered("safe-browsing", server)))
    for _ in range(3):
        await lookups.resolve([WHOLE])
    assert len(server.asked) == 1, "it is left alone for as long as it wants"
    assert lookups.answers.complete([bare(URL)], full_hashes(URL), now_us()) == (bare(URL),)
    assert [record.getMessage() for record in caplog.records] == [
        "safe-browsing is not asked for 120 s: the server answered 503"
    ]


async def test_two_that_want_to_know_the_same_ask_once(
    server: FeedServer, google: SafeBrowsing, tmp_path: Path
) -> None:
    lookups = Lookups(config(tmp_path, offered("safe-browsing", server)))
    await asyncio.gather(*(lookups.resolve([WHOLE, CLEAN]) for _ in range(5)))
    assert len(server.asked) == 1


async def test_many_prefixes_go_in_one_question_of_a_length_that_every_server_takes(
    server: FeedServer, google: SafeBrowsing, tmp_path: Path
) -> None:
    lookups = Lookups(config(tmp_path, offered("safe-browsing", server)))
    await lookups.resolve([number.to_bytes(4, "big") for number in range(700)])
    assert sorted(len(asked.query["hashPrefixes"]) for asked in server.asked) == [100, 300, 300]
    assert max(len(asked.url) for asked in server.asked) < 8000, "RFC 9110, section 4.1"
    assert len(lookups.answers.prefixes) == 700


async def test_both_services_must_have_answered(
    server: FeedServer, google: SafeBrowsing, tmp_path: Path
) -> None:
    risk = WebRisk(web_risk.LISTS)
    risk.full = {WHOLE: ["SOCIAL_ENGINEERING"]}
    server.pages["/v1/hashes:search"] = Page(status=500)
    lookups = Lookups(config(tmp_path, offered("safe-browsing", server), offered("web-risk", server)))
    await lookups.resolve([WHOLE])
    assert not lookups.answers.is_resolved(WHOLE, now_us())
    server.pages["/v1/hashes:search"] = Page(risk.search)
    lookups._prefixes._resting.answered("web-risk")
    await lookups.resolve([WHOLE])
    (finding,) = lookups.answers.complete([bare(URL)], full_hashes(URL), now_us())
    assert (finding.source, finding.threat_type) == ("web-risk", ThreatType.PHISHING)


async def test_what_is_dangerous_is_believed_no_longer_than_the_service_says(
    server: FeedServer, tmp_path: Path
) -> None:
    risk = WebRisk(web_risk.LISTS)
    risk.full = {WHOLE: ["MALWARE"]}
    risk.clean_expires = timedelta(hours=1)
    server.pages["/v1/hashes:search"] = Page(risk.search)
    lookups = Lookups(config(tmp_path, offered("web-risk", server)))
    await lookups.resolve([WHOLE])
    (finding,) = lookups.answers.complete([bare(URL)], full_hashes(URL), now_us())
    assert finding.confirmed
    later = now_us() + 400 * 1_000_000
    assert lookups.answers.complete([bare(URL)], full_hashes(URL), later) == (bare(URL),), "not clean: open"
    assert lookups.answers.is_resolved(WHOLE, now_us() + 290 * 1_000_000)


@pytest.mark.parametrize("span", [timedelta(), timedelta(minutes=-10)])
async def test_where_our_clock_is_fast_what_was_just_said_to_be_dangerous_is_not_taken_for_clean(
    server: FeedServer, tmp_path: Path, span: timedelta
) -> None:
    risk = WebRisk(web_risk.LISTS)
    risk.full = {WHOLE: ["MALWARE"]}
    risk.expires = risk.clean_expires = span
    server.pages["/v1/hashes:search"] = Page(risk.search)
    lookups = Lookups(config(tmp_path, offered("web-risk", server)))
    await lookups.resolve([WHOLE])
    for ahead, confirmed in ((0, True), (30, True), (75, False)):
        at_us = now_us() + ahead * 1_000_000
        (finding,) = lookups.answers.complete([bare(URL)], full_hashes(URL), at_us)
        assert finding.confirmed is confirmed


@pytest.mark.parametrize(("seconds", "held"), [(0, 60), (2**64 - 300, 60), (2**40, 86_400)])
async def test_an_answer_is_believed_for_a_minute_at_least_and_a_day_at_most(
    server: FeedServer, google: SafeBrowsing, tmp_path: Path, seconds: int, held: int
) -> None:
    google.full = {WHOLE: [(1, [])]}
    google.cache_seconds = seconds
    lookups = Lookups(config(tmp_path, offered("safe-browsing", server)))
    await lookups.resolve([WHOLE, CLEAN])
    ((confirmed,),) = lookups.answers.dangerous.values()
    for until_us in (confirmed.until_us, *lookups.answers.prefixes.values()):
        assert until_us - now_us() == pytest.approx(held * 1e6, abs=30e6)
    assert lookups.answers.prefixes[WHOLE[:4]] <= confirmed.until_us


async def test_answers_outlive_the_worker_and_are_forgotten_in_time(
    server: FeedServer, google: SafeBrowsing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.full = {WHOLE: [(1, [])]}
    setup = config(tmp_path, offered("safe-browsing", server))
    await Lookups(setup).resolve([WHOLE])
    again = Lookups(setup)
    await again.resolve([WHOLE])
    assert len(server.asked) == 1
    monkeypatch.setattr(module, "PRUNE_SECONDS", 0.01)
    later = time.time() + 400
    monkeypatch.setattr(time, "time", lambda: later)
    stop = asyncio.Event()
    running = asyncio.create_task(again.run(stop))
    async with asyncio.timeout(60):
        while again.answers.prefixes:
            await asyncio.sleep(0.01)
    stop.set()
    await running
    left = AnswersFile(tmp_path / "threats.answers").current()
    assert (left.dangerous, left.prefixes) == ({}, {})


async def test_when_the_lists_change_what_was_wanted_is_asked_again(
    server: FeedServer, google: SafeBrowsing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.cache_seconds = 0
    monkeypatch.setattr(module, "PRUNE_SECONDS", 0.02)
    monkeypatch.setattr(prefix_questions, "LEAST_SECONDS", 0.001)
    setup = config(tmp_path, offered("safe-browsing", server))
    store = ListStore(setup.directory, "safe-browsing")
    store.prepare()
    lookups = Lookups(setup)
    await lookups.resolve([WHOLE])
    stop = asyncio.Event()
    running = asyncio.create_task(lookups.run(stop))
    await asyncio.sleep(0.1)
    assert len(server.asked) == 1
    store.write_state(State(changed_at=time.time()))
    async with asyncio.timeout(60):
        while len(server.asked) < 2:
            await asyncio.sleep(0.01)
    stop.set()
    await running
    assert len(server.asked) == 2


async def test_what_could_not_be_published_is_published_the_next_time(
    server: FeedServer, google: SafeBrowsing, tmp_path: Path
) -> None:
    google.full = {WHOLE: [(1, [])]}
    setup = config(tmp_path / "gone", offered("safe-browsing", server))
    lookups = Lookups(setup)
    with pytest.raises(FileNotFoundError):
        await lookups.resolve([WHOLE])
    (tmp_path / "gone").mkdir()
    await lookups.resolve([WHOLE])
    assert list(AnswersFile(setup.answers_path).current().dangerous) == [WHOLE]
    assert [NewEntries(path).count for path in Spool(setup.directory).waiting()] == [1]
    assert len(server.asked) == 1


async def test_there_is_a_limit_to_what_is_kept(
    server: FeedServer, google: SafeBrowsing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_book, "MOST_ANSWERS", 100)
    lookups = Lookups(config(tmp_path, offered("safe-browsing", server)))
    await lookups.resolve([number.to_bytes(4, "big") for number in range(250)])
    lookups._prune()
    assert len(lookups.answers.prefixes) == 100


@pytest.fixture
def names() -> Iterator[DnsServer]:
    with dns_server() as server:
        yield server


def known_names(names: DnsServer) -> list[str]:
    """What was asked; of names that are made up each time only that they are."""
    return [re.sub(r"^[0-9a-f]{16}\.invalid\.", "?.invalid.", name) for name in names.asked]


async def test_domains_are_asked_about_in_the_dns(names: DnsServer, tmp_path: Path) -> None:
    names.names = {
        "evil.example.dbl.test.": ["127.0.1.4"],
        "evil.example.multi.surbl.org.": ["127.0.0.80"],
    }
    lookups = Lookups(config(tmp_path, dns_lists=(DBL, SURBL), resolver=names.address))
    await lookups.ask_about(["www.evil.example", "a.b.evil.example", "clean.example", "192.0.2.1", "[::1]"])
    assert sorted(known_names(names)) == [
        "?.invalid.dbl.test.",
        "?.invalid.multi.surbl.org.",
        "clean.example.dbl.test.",
        "clean.example.multi.surbl.org.",
        "evil.example.dbl.test.",
        "evil.example.multi.surbl.org.",
    ]
    answers = AnswersFile(tmp_path / "threats.answers").current()
    url = "https://www.evil.example/a/b?c"
    found = {
        (each.source, each.threat_type, each.reason, each.detail)
        for each in answers.complete([], full_hashes(url), now_us())
    }
    assert found == {
        ("spamhaus-dbl", ThreatType.PHISHING, ThreatReason.LISTED_HOST, "evil.example/"),
        ("surbl", ThreatType.MALWARE, ThreatReason.LISTED_HOST, "evil.example/"),
        ("surbl", ThreatType.SPAM, ThreatReason.LISTED_HOST, "evil.example/"),
    }
    assert answers.complete([], full_hashes(url), now_us() + 901 * 1_000_000) == ()
    await lookups.ask_about(["www.evil.example", "clean.example"])
    assert len(names.asked) == 6, "all are known for a while"


async def test_nobody_makes_us_ask_without_end(names: DnsServer, tmp_path: Path) -> None:
    lookups = Lookups(config(tmp_path, dns_lists=(DBL,), resolver=names.address))
    await lookups.ask_about([f"evil-{number}.example" for number in range(300)])
    assert len(names.asked) == 100


async def test_a_name_that_is_too_long_to_be_asked_about_harms_no_other(
    names: DnsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lookups = Lookups(config(tmp_path, dns_lists=(DBL,), resolver=names.address))
    long = ".".join(["a" * 60] * 4) + ".example"
    wide = "a" * 80 + ".example"
    for _ in range(5):
        await lookups.ask_about([long, wide])
    names.names = {"evil.example.dbl.test.": ["127.0.1.5"]}
    await lookups.ask_about(["evil.example"])
    assert list(lookups.answers.dangerous) == [full_hash("evil.example/")]
    assert caplog.text == ""


async def test_questions_that_cost_money_have_a_limit(
    server: FeedServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/v1/hashes:search"] = Page(WebRisk(web_risk.LISTS).search)
    limited = msgspec.structs.replace(offered("web-risk", server), questions_a_day=3)
    lookups = Lookups(config(tmp_path, limited))
    await lookups.resolve([number.to_bytes(4, "big") for number in range(8)])
    await lookups.resolve([b"next"])
    assert len(server.asked) == 3
    assert len(lookups.answers.prefixes) == 3
    assert [record.getMessage() for record in caplog.records] == ["web-risk has had its 3 questions of today"]
    tomorrow = time.time() + 86_400
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    await lookups.resolve([b"next"])
    assert len(server.asked) == 4, "a new day"


async def test_hosts_that_many_share_are_not_asked_about(names: DnsServer, tmp_path: Path) -> None:
    lookups = Lookups(config(tmp_path, dns_lists=(DBL,), resolver=names.address))
    await lookups.ask_about(["drive.google.com", "bit.ly", "www.dropbox.com", "me.github.io"])
    assert names.asked == ["me.github.io.dbl.test."]


@pytest.mark.parametrize("refusal", ["127.255.255.254", "127.255.255.255", "127.255.255.252"])
async def test_a_list_that_refuses_lists_nothing_and_is_left_alone(
    names: DnsServer, tmp_path: Path, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    names.names = {f"{name}.example.dbl.test.": [refusal] for name in "abcd"}
    lookups = Lookups(config(tmp_path, dns_lists=(DBL,), resolver=names.address))
    await lookups.ask_about(["a.example"])
    await lookups.ask_about(["b.example", "c.example", "d.example"])
    assert names.asked == ["a.example.dbl.test."]
    assert lookups.answers.dangerous == {}
    assert [record.getMessage() for record in caplog.records] == [
        "spamhaus-dbl is not asked for 3600 s: it refuses to answer: see its terms"
    ]


async def test_a_list_that_lists_everything_lists_nothing(
    names: DnsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As lists do whose operators have given up: what cannot be is never listed (RFC 5782, section 5)."""
    names.everything = "127.0.1.5"
    lookups = Lookups(config(tmp_path, dns_lists=(DBL,), resolver=names.address))
    await lookups.ask_about(["a.example"])
    await lookups.ask_about(["b.example", "c.example"])
    assert lookups.answers.dangerous == {}
    assert known_names(names) == ["a.example.dbl.test.", "?.invalid.dbl.test."]
    assert [record.getMessage() for record in caplog.records] == [
        "spamhaus-dbl is not asked for 3600 s: it lists everything, even what cannot be"
    ]


async def test_a_list_that_begins_to_list_everything_lists_nothing_from_then_on(
    names: DnsServer, tmp_path: Path
) -> None:
    """The name that is never listed is a new one each time: for an old one a resolver has the old answer."""
    names.names = {"bad.example.dbl.test.": ["127.0.1.4"], "worse.example.dbl.test.": ["127.0.1.5"]}
    lookups = Lookups(config(tmp_path, dns_lists=(DBL,), resolver=names.address))
    await lookups.ask_about(["bad.example"])
    await lookups.ask_about(["worse.example"])
    asked = [name for name in names.asked if ".invalid." in name]
    assert len(set(asked)) == 2
    names.names |= {name: [] for name in asked}
    names.everything = "127.0.1.4"
    await lookups.ask_about([f"good-{number}.example" for number in range(20)])
    assert set(lookups.answers.dangerous) == {full_hash("bad.example/"), full_hash("worse.example/")}
    resting = rest_of(tmp_path / "feeds", "spamhaus-dbl")
    assert resting is not None
    assert resting.why == "it lists everything, even what cannot be"


@pytest.mark.parametrize(
    ("proof", "why"),
    [
        ("127.255.255.255", "it refuses to answer: see its terms"),
        ("203.0.113.1", "what answers is no list: its addresses are outside 127.0.0.0/8"),
    ],
)
async def test_a_listing_is_not_believed_where_the_proof_of_it_is_refused(
    names: DnsServer, tmp_path: Path, proof: str, why: str
) -> None:
    names.names = {"evil.example.dbl.test.": ["127.0.1.4"]}
    names.everything = proof
    lookups = Lookups(config(tmp_path, dns_lists=(DBL,), resolver=names.address))
    await lookups.ask_about(["evil.example"])
    assert lookups.answers.dangerous == {}
    resting = rest_of(tmp_path / "feeds", "spamhaus-dbl")
    assert resting is not None
    assert resting.why == why


async def test_a_resolver_that_answers_for_names_that_do_not_exist_is_told_of(
    names: DnsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names.everything = "203.0.113.7"
    lookups = Lookups(config(tmp_path, dns_lists=(DBL,), resolver=names.address))
    await lookups.ask_about(["a.example"])
    await lookups.ask_about(["b.example"])
    assert (names.asked, lookups.answers.dangerous) == (["a.example.dbl.test."], {})
    assert [record.getMessage() for record in caplog.records] == [
        "spamhaus-dbl is not asked for 3600 s: what answers is no list: its addresses are outside 127.0.0.0/8"
    ]


async def test_why_a_list_is_left_alone_is_written_down_until_it_answers(
    names: DnsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = config(tmp_path, dns_lists=(DBL,), resolver=names.address)
    names.names = {"a.example.dbl.test.": ["127.255.255.254"]}
    lookups = Lookups(setup)
    await lookups.ask_about(["a.example"])
    resting = rest_of(setup.directory, "spamhaus-dbl")
    assert resting is not None
    assert resting.why == "it refuses to answer: see its terms"
    assert resting.until - time.time() == pytest.approx(3600, abs=30)
    began = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began + 3601)
    await lookups.ask_about(["b.example"])
    assert rest_of(setup.directory, "spamhaus-dbl") is None
    names.names["c.example.dbl.test."] = ["127.255.255.254"]
    await lookups.ask_about(["c.example"])
    assert rest_of(setup.directory, "spamhaus-dbl") is not None
    Lookups(setup)
    assert rest_of(setup.directory, "spamhaus-dbl") is None, "a new worker leaves nobody alone"


async def test_a_clock_that_is_set_back_leaves_nobody_alone_for_longer(
    names: DnsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups = Lookups(config(tmp_path, dns_lists=(DBL,), resolver=names.address))
    years = time.time() + 10 * 365 * 86_400
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda: years)
        names.names = {"refused.example.dbl.test.": ["127.255.255.254"]}
        await lookups.ask_about(["clean.example"])
        await lookups.ask_about(["refused.example"])
    names.names = {"clean.example.dbl.test.": ["127.0.1.5"]}
    began = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began + 3601)
    await lookups.ask_about(["clean.example"])
    assert list(lookups.answers.dangerous) == [full_hash("clean.example/")]


async def test_a_resolver_that_fails_lists_nothing(
    names: DnsServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names.rcode = dns.rcode.SERVFAIL
    lookups = Lookups(config(tmp_path, dns_lists=(DBL,), resolver=names.address))
    for asked in (1, 2, 3, 3):
        await lookups.ask_about(["evil.example"])
        assert len(set(names.asked)) == 1
        assert caplog.text.count("is not asked for 30 s: the resolver failed, or refuses") == (asked == 3)
    assert lookups.answers.dangerous == {}
    names.rcode = None
    names.names = {"evil.example.dbl.test.": ["127.0.1.5"]}
    lookups._domains._resting.answered("spamhaus-dbl")
    await lookups.ask_about(["evil.example"])
    assert list(lookups.answers.dangerous) == [full_hash("evil.example/")], "no answer is not kept"


async def test_what_one_list_did_not_answer_is_asked_again_although_another_did(
    names: DnsServer, tmp_path: Path
) -> None:
    """For as long as the other's answer held, up to a day, nobody asked the one that had failed once."""
    lookups = Lookups(config(tmp_path, dns_lists=(DBL, SURBL), resolver=names.address))
    names.failing = ".dbl.test."
    await lookups.ask_about(["evil.example"])
    names.failing = ""
    names.names = {"evil.example.dbl.test.": ["127.0.1.5"]}
    names.asked.clear()
    await lookups.ask_about(["evil.example"])
    assert known_names(names) == ["evil.example.dbl.test.", "?.invalid.dbl.test."]
    assert list(lookups.answers.dangerous) == [full_hash("evil.example/")]


@pytest.mark.parametrize(
    ("form", "addresses", "verdict"),
    [
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.2"], {ThreatType.SPAM}),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.4"], {ThreatType.PHISHING}),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.5"], {ThreatType.MALWARE}),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.6"], {ThreatType.MALWARE}),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.102"], {ThreatType.SPAM}),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.103"], set()),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.104"], {ThreatType.PHISHING}),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.105", "127.0.1.2"], {ThreatType.MALWARE, ThreatType.SPAM}),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.106"], {ThreatType.MALWARE}),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.77"], set()),
        (DnsForm.SPAMHAUS_DBL, ["127.0.0.2"], set()),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.255"], Trouble.REFUSES),
        (DnsForm.SPAMHAUS_DBL, ["127.255.255.254"], Trouble.REFUSES),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.4", "127.255.255.255"], Trouble.REFUSES),
        (DnsForm.SPAMHAUS_DBL, ["203.0.113.7"], Trouble.FOREIGN),
        (DnsForm.SPAMHAUS_DBL, ["127.0.1.4", "203.0.113.7"], Trouble.FOREIGN),
        (DnsForm.SPAMHAUS_DBL, ["127.255.255.254", "203.0.113.7"], Trouble.REFUSES),
        (DnsForm.SPAMHAUS_DBL, [], set()),
        (DnsForm.SURBL, ["127.0.0.8"], {ThreatType.PHISHING}),
        (DnsForm.SURBL, ["127.0.0.16"], {ThreatType.MALWARE}),
        (DnsForm.SURBL, ["127.0.0.64"], {ThreatType.SPAM}),
        (DnsForm.SURBL, ["127.0.0.128"], {ThreatType.MALWARE}),
        (DnsForm.SURBL, ["127.0.0.88"], {ThreatType.PHISHING, ThreatType.MALWARE, ThreatType.SPAM}),
        (DnsForm.SURBL, ["127.0.0.36"], set()),
        (DnsForm.SURBL, ["127.0.0.1"], Trouble.REFUSES),
        (DnsForm.SURBL, ["127.255.255.254"], Trouble.REFUSES),
        (DnsForm.SURBL, ["203.0.113.8"], Trouble.FOREIGN),
    ],
)
def test_what_the_addresses_of_a_list_mean(
    form: DnsForm, addresses: list[str], verdict: set[ThreatType] | Trouble
) -> None:
    expected = Verdict(frozenset(verdict)) if isinstance(verdict, set) else Verdict(trouble=verdict)
    assert verdict_of(form, addresses) == expected


@pytest.mark.parametrize(
    "address", ["localhost:53", "127.0.0.1:0", "127.0.0.1:x", "dns.example", "1.2.3.4:99999"]
)
def test_a_resolver_is_an_address(address: str) -> None:
    with pytest.raises(ValueError, match=r"^$|does not appear"):
        DnsResolver(address)


def test_answers_that_are_damaged_leave_the_last_good_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("backstamp.shared_files.answers_file.RECHECK_SECONDS", 0.0)
    path = tmp_path / "threats.answers"
    file = AnswersFile(path)
    assert file.current().prefixes == {}
    path.write_bytes(b"\xff\xff")
    assert file.current().prefixes == {}
    assert file.current().prefixes == {}
    assert caplog.text.count("the last good answers stay in force") == 1
