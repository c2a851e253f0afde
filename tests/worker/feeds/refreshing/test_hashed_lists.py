"""Lists of prefixes: Safe Browsing and Web Risk, from their first version on."""

import base64
import hashlib
import random
import time
from array import array
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.threats.lists import ThreatLists
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import ThreatType
from backstamp.worker.feeds.formats.differences import Held, Updated
from backstamp.worker.feeds.keeping.copies import ListStore, State
from backstamp.worker.feeds.keeping.new_entries import NewEntries, Spool
from backstamp.worker.feeds.keeping.standing import Outcome
from backstamp.worker.feeds.lists.jobs import Job
from backstamp.worker.feeds.lists.source import Source
from backstamp.worker.feeds.providers import safe_browsing, web_risk
from backstamp.worker.feeds.providers.safe_browsing.rice import RiceError, decode
from backstamp.worker.feeds.providers.safe_browsing.wire import Message, WireError
from backstamp.worker.feeds.refreshing import hashed_lists
from backstamp.worker.feeds.refreshing.due_lists import refresh_all
from tests.worker.feeds.feed_server import FeedServer, Page, Query
from tests.worker.feeds.google import SafeBrowsing, WebRisk, field, offered, rice

URL = "http://evil.example/a"
WHOLE = full_hash("evil.example/a")
PREFIX = int.from_bytes(WHOLE[:4], "big")


class Hashed:
    """One of the services, and a folder that is kept new from it."""

    def __init__(self, server: FeedServer, directory: Path, name: str) -> None:
        self.source = offered(name, server)
        self.job = Job(
            sources=(self.source,), directory=directory / "feeds", lists_path=directory / "threats"
        )

    def refresh(self) -> Outcome:
        (outcome,) = refresh_all(msgspec.structs.replace(self.job, only=(self.source.name,)))
        return outcome

    @property
    def state(self) -> State:
        return ListStore(self.job.directory, self.source.name).state()

    def lists(self) -> ThreatLists:
        return ThreatLists(self.job.lists_path.read_bytes())

    def told(self) -> list[bytes]:
        spool = Spool(self.job.directory)
        found: list[bytes] = []
        for path in spool.waiting():
            new = NewEntries(path)
            assert (list(new.expressions()), list(new.hashes())) == ([], [])
            found += new.prefixes()
            spool.done(path)
        return sorted(found)


@pytest.fixture
def google(server: FeedServer) -> SafeBrowsing:
    service = SafeBrowsing(safe_browsing.LISTS)
    server.pages["/v5/hashLists:batchGet"] = Page(service.batch_get)
    server.pages["/v5/hashes:search"] = Page(service.search)
    return service


@pytest.fixture
def hashed(server: FeedServer, tmp_path: Path) -> Hashed:
    return Hashed(server, tmp_path, "safe-browsing")


def test_safe_browsing_comes_whole_and_then_as_differences(
    server: FeedServer, google: SafeBrowsing, hashed: Hashed
) -> None:
    chance = random.Random(1)
    first = {PREFIX, *(chance.getrandbits(32) for _ in range(500))}
    google.lists["se-4b"] = [first]
    google.lists["mw-4b"] = [{7, 2**32 - 1}]
    assert hashed.refresh().text == f"{len(first) + 2} prefixes, {len(first) + 2} of them new"
    (finding,) = hashed.lists().look_up(URL)
    assert (finding.source, finding.confirmed) == ("safe-browsing/se-4b", False)
    assert finding.threat_type is ThreatType.PHISHING
    assert len(hashed.told()) == len(first) + 2
    second = set(sorted(first)[10:]) - {PREFIX} | {5, 6}
    google.lists["se-4b"].append(second)
    assert hashed.refresh().text == f"{len(second) + 2} prefixes, 2 of them new"
    assert hashed.told() == [b"\0\0\0\5", b"\0\0\0\6"]
    assert hashed.lists().look_up(URL) == ()
    assert hashed.lists().count("safe-browsing/se-4b") == len(second)
    assert hashed.refresh().text == "unchanged"
    assert len(server.asked[2].query["version"]) == len(safe_browsing.LISTS)
    assert [asked.headers["x-goog-api-key"] for asked in server.asked] == ["k3y"] * 3
    assert not any("k3y" in str(asked.query) for asked in server.asked)


def test_a_look_that_has_begun_counts_as_failed_until_it_has_ended(
    google: SafeBrowsing, hashed: Hashed, monkeypatch: pytest.MonkeyPatch
) -> None:
    update, seen = hashed_lists._update, list[int]()

    def watched(source: Source, held: Held) -> Updated:
        seen.append(hashed.state.failures)
        return update(source, held)

    monkeypatch.setattr(hashed_lists, "_update", watched)
    hashed.refresh()
    assert (seen, hashed.state.failures) == ([1], 0)


def test_the_service_says_when_it_wants_to_be_asked_again(
    google: SafeBrowsing, hashed: Hashed, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.wait_seconds, now = 7200, time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    hashed.refresh()
    assert 7199 < hashed.state.next_at - now < 7201


def test_a_service_that_has_more_at_once_is_asked_at_once_but_not_for_ever(
    server: FeedServer, google: SafeBrowsing, hashed: Hashed
) -> None:
    google.wait_seconds = 0
    hashed.refresh()
    assert len(server.asked) == 4


def test_a_wrong_checksum_changes_nothing_and_asks_for_all_the_next_time(
    server: FeedServer, google: SafeBrowsing, hashed: Hashed
) -> None:
    google.lists["se-4b"] = [{PREFIX}]
    hashed.refresh()
    google.lists["se-4b"].append({1, 2, 3})
    google.wrong_checksum = True
    assert hashed.refresh().text == "not updated: its checksum is wrong"
    assert len(hashed.lists().look_up(URL)) == 1
    google.wrong_checksum = False
    assert hashed.refresh().text == "3 prefixes, 3 of them new"
    assert "version" not in server.asked[-1].query


def test_a_change_that_comes_without_its_checksum_is_not_believed(
    server: FeedServer, google: SafeBrowsing, hashed: Hashed
) -> None:
    google.lists["se-4b"] = [{PREFIX}]
    hashed.refresh()
    google.lists["se-4b"].append({PREFIX, 5})

    def without_checksums(query: Query) -> bytes:
        found = zip(query["names"], Message(google.batch_get(query)).messages(1), strict=True)
        return b"".join(
            field(1, field(1, name.encode()) + field(3, 1) + b"".join(field(4, new) for new in one.datas(4)))
            for name, one in found
        )

    server.pages["/v5/hashLists:batchGet"] = Page(without_checksums)
    assert hashed.refresh().text == "not updated: its checksum is wrong"
    assert hashed.lists().count("safe-browsing/se-4b") == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff" * 100,
        field(1, field(1, b"other-4b")),
        field(1, field(1, b"se-4b") + field(4, rice([1, 2]) + field(3, 1000))),
        field(1, field(1, b"se-4b") + field(3, 1) + field(5, rice([9]))),
    ],
)
def test_an_answer_that_is_none_is_refused(server: FeedServer, hashed: Hashed, body: bytes) -> None:
    server.pages["/v5/hashLists:batchGet"] = Page(body)
    assert not hashed.refresh().good
    assert hashed.state.failures == 1


def list_of(name: str, prefixes: Iterable[int] = (1,), *, version: bytes = b"1", more: bytes = b"") -> bytes:
    joined = b"".join(prefix.to_bytes(4, "big") for prefix in sorted(prefixes))
    checksum = hashlib.sha256(joined).digest()
    return field(
        1,
        field(1, name.encode())
        + field(2, version)
        + field(4, rice(prefixes, 28))
        + field(6, field(1, 60))
        + field(7, checksum)
        + more,
    )


def answer(**changed: bytes) -> bytes:
    return b"".join(changed.get(name[:2], list_of(name)) for name in safe_browsing.LISTS)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (answer(se=list_of("se-4b") * 2), "it has another list than was asked for"),
        (answer(se=list_of("se-4b", more=field(4, rice([1])))), "its answer is no good"),
        (answer(se=list_of("se-4b", more=field(5, rice([0])) * 2)), "its answer is no good"),
        (answer(se=list_of("se-4b", version=b"v" * 5000)), "its version has a name of 5000 bytes"),
        (answer(se=list_of("se-4b", set(range(2000)))), "it changes more than 1000 entries"),
    ],
    ids=["twice", "added to twice", "taken from twice", "a version too long", "more than was asked for"],
)
def test_an_answer_that_would_cost_without_end_is_refused(
    server: FeedServer, hashed: Hashed, body: bytes, why: str
) -> None:
    hashed.job = msgspec.structs.replace(
        hashed.job, sources=(msgspec.structs.replace(hashed.source, max_entries=1000),)
    )
    server.pages["/v5/hashLists:batchGet"] = Page(answer())
    assert hashed.refresh().text == "5 prefixes, 5 of them new"
    server.pages["/v5/hashLists:batchGet"] = Page(body)
    assert hashed.refresh().text == f"not updated: {why}"
    assert hashed.lists().count("safe-browsing/se-4b") == 1


@pytest.mark.parametrize("status", [400, 410, 414])
def test_a_service_that_does_not_know_our_version_any_more_is_asked_for_all(
    server: FeedServer, google: SafeBrowsing, hashed: Hashed, status: int
) -> None:
    google.lists["se-4b"] = [{PREFIX}]
    hashed.refresh()
    server.pages["/v5/hashLists:batchGet"] = Page(status=status)
    assert hashed.refresh().text == f"not updated: the server answered {status}"
    server.pages["/v5/hashLists:batchGet"] = Page(google.batch_get)
    assert hashed.refresh().good
    assert "version" not in server.asked[-1].query
    server.pages["/v5/hashLists:batchGet"] = Page(status=503)
    hashed.refresh()
    server.pages["/v5/hashLists:batchGet"] = Page(google.batch_get)
    hashed.refresh()
    assert "version" in server.asked[-1].query, "that it is away says nothing of the version"


def test_a_service_whose_lists_are_suddenly_empty_is_not_believed(
    server: FeedServer, google: SafeBrowsing, hashed: Hashed
) -> None:
    google.lists["se-4b"] = [set(range(300)) | {PREFIX}]
    hashed.refresh()
    google.lists["se-4b"].append(set())
    assert hashed.refresh().text == (
        "not updated: it has 0 entries, and had 301; "
        "`backstamp feeds refresh safe-browsing --accept-shrink` believes it"
    )
    assert len(hashed.lists().look_up(URL)) == 1
    assert not hashed.refresh().good
    assert server.asked[-1].query["version"], "not all of it again at each look"
    (outcome,) = refresh_all(msgspec.structs.replace(hashed.job, only=("safe-browsing",), may_shrink=True))
    assert outcome.good
    assert hashed.lists().look_up(URL) == ()


def test_hashes_that_were_not_asked_about_are_no_answer(server: FeedServer, hashed: Hashed) -> None:
    match = field(1, field(1, WHOLE) + field(2, field(1, 1)))
    server.pages["/v5/hashes:search"] = Page(match + field(2, field(1, 300)))
    assert len(safe_browsing.search(hashed.source, [WHOLE[:4]]).matches) == 1
    assert safe_browsing.search(hashed.source, [b"abcd"]).matches == ()
    until = "2999-01-01T00:00:00Z"
    whole = base64.b64encode(WHOLE).decode()
    threat = {"threatTypes": ["MALWARE"], "hash": whole, "expireTime": until}
    said = {"threats": [threat], "negativeExpireTime": until}
    server.pages["/v1/hashes:search"] = Page(msgspec.json.encode(said))
    assert len(web_risk.search(hashed.source, [WHOLE[:4]]).matches) == 1
    assert web_risk.search(hashed.source, [b"abcd"]).matches == ()


def test_whole_hashes_below_a_prefix(google: SafeBrowsing, hashed: Hashed) -> None:
    other = WHOLE[:4] + b"x" * 28
    google.full = {
        WHOLE: [(1, []), (2, [])],
        other: [(2, [1]), (3, [2]), (1, [9]), (99, []), (0, [])],
        b"y" * 32: [(1, [])],
    }
    found = safe_browsing.search(hashed.source, [WHOLE[:4]])
    assert found.seconds == 300
    assert [(match.full_hash, match.threat_type) for match in found.matches] == [
        (WHOLE, ThreatType.MALWARE),
        (WHOLE, ThreatType.PHISHING),
    ], "no canary, nothing for frames only, nothing unknown"


CHROMIUM = [
    (489866504, 30, b"t\0\322\227\033\355It\0", [489866504, 0x291BC542, 0xF7A502E5]),
    (0x1D7D1D75, 30, b"\xf1\x4e\x08\x33\xeb\x16\xa6\x41\x00", [0x1D7D1D75, 0x6A3F3131, 0xF273F40E]),
    (0x30303030, 3, b"\x22", [0x30303030, 0x30303031, 0x30303032]),
    (0x30303030, 7, b"\x02\x02", [0x30303030, 0x30303031, 0x30303032]),
    (0x30303030, 8, b"\x02\x04\x00", [0x30303030, 0x30303031, 0x30303032]),
    (0, 26, b"\xcf\x7d\x00\x00", [0, 0x100003EE]),
]
"""The values that Google's own tests use, published with Chromium's reader of this form."""


@pytest.mark.parametrize(("first", "parameter", "data", "numbers"), CHROMIUM)
def test_rice_coded_numbers_as_googles_own_tests_have_them(
    first: int, parameter: int, data: bytes, numbers: list[int]
) -> None:
    assert list(decode(first, parameter, len(numbers) - 1, data)) == numbers


@given(
    st.one_of(
        st.tuples(st.sets(st.integers(0, 2**32 - 1), min_size=1, max_size=60), st.integers(26, 30)),
        st.tuples(st.sets(st.integers(0, 20_000), min_size=1, max_size=400), st.integers(3, 30)),
    )
)
def test_rice_coded_numbers_come_back(case: tuple[set[int], int]) -> None:
    numbers, parameter = case
    coded = Message(rice(numbers, parameter))
    found = decode(coded.number(1), coded.number(2), coded.number(3), coded.data(4))
    assert list(found) == sorted(numbers)


@pytest.mark.parametrize(
    ("first", "parameter", "count", "data"),
    [
        (100, 3, 1, b""),
        (100, 3, 1, b"\xff"),
        (100, 10, 1, b"\x02"),
        (0, 30, 1, b"\xff" * 8),
        (2**32 - 1, 3, 1, b"\x02"),
        (2**32, 3, 0, b""),
        (0, 2, 1, b"\0\0"),
        (0, 31, 1, b"\0" * 8),
        (0, 3, -1, b"\0"),
        (0, 3, 10**9, b"\0" * 100),
    ],
)
def test_rice_coded_numbers_that_are_none(first: int, parameter: int, count: int, data: bytes) -> None:
    with pytest.raises(RiceError):
        decode(first, parameter, count, data)


def test_a_long_list_takes_no_longer_for_each_number_than_a_short_one() -> None:
    """Many numbers have small remainders, which allow long quotients: 2**17 bits with parameter 15."""

    def seconds_each(count: int, parameter: int) -> float:
        numbers = sorted(random.Random(1).sample(range(2**32), count))
        coded = Message(rice(numbers, parameter))
        began = time.process_time()
        assert list(decode(numbers[0], parameter, count - 1, coded.data(4))) == numbers
        return (time.process_time() - began) / count

    assert seconds_each(80_000, 15) < 5 * seconds_each(5_000, 19)


@pytest.mark.parametrize("name", ["safe-browsing", "web-risk"])
def test_ten_million_prefixes_are_no_reason_to_refuse_a_service(name: str, server: FeedServer) -> None:
    assert offered(name, server).max_entries >= 10_000_000


def test_nothing_coded_is_the_first_number_whatever_follows() -> None:
    assert decode(100, 0, 0, b"\xff") == array("I", [100])


@given(st.binary(max_size=80))
def test_whatever_comes_is_a_message_or_none(data: bytes) -> None:
    try:
        message = Message(data)
    except WireError:
        return
    for number in range(1, 8):
        for read in (message.number, message.data, message.numbers, message.messages):
            try:
                read(number)
            except WireError:
                continue


@pytest.fixture
def risk(server: FeedServer) -> WebRisk:
    service = WebRisk(web_risk.LISTS)
    server.pages["/v1/threatLists:computeDiff"] = Page(service.compute_diff)
    server.pages["/v1/hashes:search"] = Page(service.search)
    return service


@pytest.mark.usefixtures("risk")
def test_the_time_of_a_service_is_for_all_its_lists_together(server: FeedServer, tmp_path: Path) -> None:
    """Slow with each of four, four times over, it kept the lists of all others waiting for 80 minutes."""
    hashed = Hashed(server, tmp_path, "web-risk")
    hashed.job = msgspec.structs.replace(
        hashed.job, sources=(msgspec.structs.replace(hashed.source, download_seconds=1.0),)
    )
    server.pages["/v1/threatLists:computeDiff"].byte_seconds = 0.003
    began = time.monotonic()
    assert hashed.refresh().text.startswith("not updated: it was not there within")
    assert time.monotonic() - began < 12


def test_a_slow_service_that_has_more_at_once_is_asked_again_later(
    google: SafeBrowsing, server: FeedServer, hashed: Hashed, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.wait_seconds = 0
    passed = 0.0
    clock = SimpleNamespace(monotonic=lambda: passed, time=time.time)
    monkeypatch.setattr(hashed_lists, "time", clock)

    def slowly(query: Query) -> bytes:
        nonlocal passed
        passed += 0.6 * hashed.source.download_seconds
        return google.batch_get(query)

    server.pages["/v5/hashLists:batchGet"] = Page(slowly)
    assert hashed.refresh().good
    assert len(server.asked) == 2


def test_web_risk_comes_whole_and_then_as_differences(
    server: FeedServer, risk: WebRisk, tmp_path: Path
) -> None:
    hashed = Hashed(server, tmp_path, "web-risk")
    first = {WHOLE[:4], b"aaaa", b"abcdef", full_hash("popular.example/")[:12]}
    risk.lists["MALWARE"] = [first]
    assert hashed.refresh().text == "4 prefixes, 4 of them new"
    (finding,) = hashed.lists().look_up(URL)
    assert (finding.source, finding.confirmed) == ("web-risk/MALWARE", False)
    (longer,) = hashed.lists().look_up("http://popular.example/")
    assert (longer.source, longer.confirmed) == ("web-risk/MALWARE/8", False)
    hashed.told()
    risk.lists["MALWARE"].append({b"aaaa", b"abcdef", b"bbbb", b"bbbbb"})
    assert hashed.refresh().text == "4 prefixes, 2 of them new"
    assert hashed.told() == [b"bbbb", b"bbbbb"]
    assert hashed.lists().look_up(URL) == ()
    assert hashed.state.next_at - time.time() == pytest.approx(7200, abs=120)
    assert all(asked.headers["x-goog-api-key"] == "k3y" for asked in server.asked)
    risk.full = {WHOLE: ["MALWARE", "SOMETHING_NEW"]}
    found = web_risk.search(hashed.source, [WHOLE[:4]])
    assert [(match.full_hash, match.threat_type) for match in found.matches] == [(WHOLE, ThreatType.MALWARE)]
    assert found.seconds == pytest.approx(300, abs=60)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"responseType":"RESET","newVersionToken":"x","checksum":{"sha256":"AA=="}}',
        b'{"responseType":"RESET","newVersionToken":"x","checksum":{"sha256":"!"},'
        b'"additions":{"rawHashes":[{"prefixSize":3,"rawHashes":"AAAA"}]}}',
        b'{"responseType":"DIFF","newVersionToken":"x","checksum":{"sha256":""},'
        b'"removals":{"rawIndices":{"indices":[5]}}}',
    ],
)
def test_an_answer_of_web_risk_that_is_none_is_refused(
    server: FeedServer, tmp_path: Path, body: bytes
) -> None:
    server.pages["/v1/threatLists:computeDiff"] = Page(body)
    assert not Hashed(server, tmp_path, "web-risk").refresh().good
