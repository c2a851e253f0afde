"""Compiled lists find exactly what was put into them."""

import io
import random
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.threats import Finding, ThreatReason
from backstamp.threats.lists import (
    NewlyListed,
    Source,
    SourceEntries,
    ThreatLists,
    ThreatListsError,
    compile_lists,
    day_of,
    newly_listed,
)
from backstamp.urls.safe_browsing import full_hash, host_expression, url_expression
from backstamp.vocabulary import ThreatType

MALWARE = Source("urlhaus", ThreatType.MALWARE)
PHISHING = Source("openphish", ThreatType.PHISHING)
BARE = Source("prefixes", ThreatType.PHISHING, prefix_bytes=4, bare=True)
DAY_US = 86_400_000_000


def compiled(*entries: SourceEntries, now_us: int = 0, carry: ThreatLists | None = None) -> bytes:
    out = io.BytesIO()
    compile_lists(out, entries, now_us=now_us, carry=carry)
    return out.getvalue()


def lists_of(*entries: SourceEntries, now_us: int = 0, carry: ThreatLists | None = None) -> ThreatLists:
    return ThreatLists(compiled(*entries, now_us=now_us, carry=carry))


def url_hash(url: str) -> bytes:
    expression = url_expression(url)
    assert expression is not None
    return full_hash(expression)


def host_hash(host: str) -> bytes:
    expression = host_expression(host)
    assert expression is not None
    return full_hash(expression)


def test_a_listed_url_is_found_with_who_names_it_and_since_when() -> None:
    lists = lists_of(SourceEntries(MALWARE, [url_hash("http://evil.example/x.exe?v=1")], days=20_000))
    assert lists.look_up("https://evil.example:8443/x.exe?v=%31#top") == (
        Finding(
            ThreatType.MALWARE,
            ThreatReason.LISTED_URL,
            "urlhaus",
            detail="evil.example/x.exe?v=1",
            since_us=20_000 * DAY_US,
        ),
    )
    assert lists.look_up("https://evil.example/x.exe?v=2") == ()
    assert lists.look_up("https://evil.example/") == ()


def test_a_listed_host_is_found_for_all_below_it() -> None:
    lists = lists_of(SourceEntries(PHISHING, [host_hash("evil.example")]))
    wanted = (Finding(ThreatType.PHISHING, ThreatReason.LISTED_HOST, "openphish", detail="evil.example/"),)
    assert lists.look_up("https://evil.example/") == wanted
    assert lists.look_up("https://www.login.evil.example/a/b?c") == wanted
    assert lists.look_up("https://notevil.example/") == ()


def test_a_bare_prefix_is_found_unconfirmed() -> None:
    lists = lists_of(SourceEntries(BARE, [url_hash("http://evil.example/a/")]))
    assert lists.look_up("http://evil.example/a/b") == (
        Finding(
            ThreatType.PHISHING,
            ThreatReason.LISTED_PREFIX,
            "prefixes",
            detail="evil.example/a/",
            confirmed=False,
        ),
    )


def test_all_that_all_lists_say_is_told_the_most_telling_first() -> None:
    lists = lists_of(
        SourceEntries(PHISHING, [host_hash("evil.example")]),
        SourceEntries(MALWARE, [url_hash("http://evil.example/x?y"), host_hash("evil.example")]),
    )
    found = lists.look_up("http://evil.example/x?y")
    assert [(finding.source, finding.detail) for finding in found] == [
        ("urlhaus", "evil.example/x?y"),
        ("openphish", "evil.example/"),
        ("urlhaus", "evil.example/"),
    ]


def test_what_is_no_url_is_on_no_list() -> None:
    lists = lists_of(SourceEntries(MALWARE, [url_hash("http://evil.example/")]))
    assert lists.look_up("") == ()
    assert lists.look_up("mailto:a@evil.example") == ()
    assert lists.look_up("http://" + "%" * 1000) == ()


def test_lists_may_be_empty_or_none() -> None:
    assert lists_of().look_up("http://a.example/") == ()
    lists = lists_of(SourceEntries(MALWARE, []), SourceEntries(BARE, b""))
    assert lists.look_up("http://a.example/") == ()
    assert lists.sources == (MALWARE, BARE)
    assert lists.count("urlhaus") == lists.count("unknown") == 0


def numbers(width: int) -> st.SearchStrategy[list[bytes]]:
    """Prefixes that crowd together, so that neighbours and equal heads are common."""
    crowded = st.integers(0, 40).map(lambda number: bytes([number % 3]) * (width - 1) + bytes([number]))
    return st.lists(crowded | st.binary(min_size=width, max_size=width), max_size=40)


@pytest.mark.parametrize("width", [4, 5, 6, 7, 8])
@given(data=st.data())
def test_compiled_lists_find_exactly_what_a_set_finds(width: int, data: st.DataObject) -> None:
    source = Source("some", ThreatType.SPAM, prefix_bytes=width, bare=True)
    listed = data.draw(numbers(width))
    asked = data.draw(numbers(8)) + [prefix + b"\xff\x00\x00\x00" for prefix in listed]
    packed = b"".join(sorted(set(listed)))
    for hashes in (listed, packed):
        lists = lists_of(SourceEntries(source, hashes), SourceEntries(MALWARE, asked[:3]))
        for full in asked:
            found = {finding.source for finding in lists.look_up_hashes([("x/", full)])}
            wanted = {"some"} if full[:width] in set(listed) else set()
            assert found == wanted | ({"urlhaus"} if full[:8] in {one[:8] for one in asked[:3]} else set())
        named = [full for full in asked if lists.look_up_hashes([("x/", full)])]
        assert list(lists.named_among(asked)) == named, "asked together, too"


def test_a_hundred_thousand_entries_are_all_found_and_nothing_else() -> None:
    chance = random.Random(7)
    listed = [chance.randbytes(32) for _ in range(100_000)]
    lists = lists_of(SourceEntries(MALWARE, listed))
    assert all(lists.look_up_hashes([("x/", one)]) for one in listed)
    assert not any(lists.look_up_hashes([("x/", chance.randbytes(32))]) for _ in range(100_000))


def test_few_of_what_no_list_names_pass_the_filter() -> None:
    chance = random.Random(8)
    lists = lists_of(SourceEntries(MALWARE, [chance.randbytes(8) for _ in range(65_536)]))
    lists._lists = ()
    asked: list[bytes] = []

    def watched(expression: str, full: bytes) -> list[Finding]:
        asked.append(full)
        return []

    lists._findings = watched  # type: ignore[assignment,method-assign]
    lists.look_up_hashes([("x/", chance.randbytes(8)) for _ in range(50_000)])
    assert len(asked) < 50_000 * 0.016


@given(st.dictionaries(st.binary(min_size=8, max_size=8), st.integers(0, 0xFFFF), max_size=20))
def test_each_entry_keeps_its_day(days: dict[bytes, int]) -> None:
    loose = SourceEntries(MALWARE, list(days), days=list(days.values()))
    in_order = sorted(days.items())
    packed = SourceEntries(
        PHISHING, b"".join(one for one, _ in in_order), days=array("H", [day for _, day in in_order])
    )
    lists = lists_of(loose, packed)
    for one, day in days.items():
        found = lists.look_up_hashes([("x/", one)])
        assert [finding.since_us for finding in found] == [day * DAY_US] * 2


def test_an_entry_that_comes_twice_was_first_seen_on_the_earlier_day() -> None:
    one = url_hash("http://evil.example/")
    lists = lists_of(SourceEntries(MALWARE, [one, one, one, one], days=[0, 30, 20, 0]))
    assert lists.count("urlhaus") == 1
    assert lists.look_up("http://evil.example/")[0].since_us == 20 * DAY_US


def test_what_was_listed_before_stays_listed_since_then() -> None:
    old, new, dated = (url_hash(f"http://{name}.example/") for name in ("old", "new", "dated"))
    before = lists_of(SourceEntries(MALWARE, [old]), now_us=100 * DAY_US + 5)
    after = lists_of(
        SourceEntries(MALWARE, [old, new, dated], days=[0, 0, 90]),
        SourceEntries(PHISHING, [old]),
        SourceEntries(BARE, [old]),
        now_us=103 * DAY_US,
        carry=before,
    )
    since = {
        name: [
            (finding.source, finding.since_us // DAY_US)
            for finding in after.look_up(f"http://{name}.example/")
        ]
        for name in ("old", "new", "dated")
    }
    assert since == {
        "old": [("urlhaus", 100), ("openphish", 103), ("prefixes", 0)],
        "new": [("urlhaus", 103)],
        "dated": [("urlhaus", 90)],
    }
    assert after.compiled_us == 103 * DAY_US


def test_what_is_newly_listed_was_on_no_list_before() -> None:
    moved, stayed, new, gone = (
        url_hash(f"http://{name}.example/") for name in ("moved", "stayed", "new", "gone")
    )
    before = lists_of(SourceEntries(MALWARE, [stayed, gone]), SourceEntries(PHISHING, [moved]))
    after = lists_of(
        SourceEntries(MALWARE, [stayed, moved, new]),
        SourceEntries(PHISHING, [new]),
        SourceEntries(BARE, [gone]),
    )
    assert list(newly_listed(after, before)) == [
        NewlyListed(new[:8], MALWARE),
        NewlyListed(new[:8], PHISHING),
    ]
    assert {news.hash for news in newly_listed(after, None)} == {one[:8] for one in (stayed, moved, new)}
    assert list(newly_listed(after, after)) == []


def test_a_prefix_that_was_bare_before_is_new_once_it_is_whole() -> None:
    one = url_hash("http://evil.example/")
    before = lists_of(SourceEntries(BARE, [one]))
    after = lists_of(SourceEntries(BARE, [one]), SourceEntries(PHISHING, [one]))
    assert list(newly_listed(after, before)) == [NewlyListed(one[:8], PHISHING)]


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([SourceEntries(MALWARE, []), SourceEntries(MALWARE, [])], "two lists are named 'urlhaus'"),
        ([SourceEntries(BARE, b"12345")], "no multiple of 4"),
        ([SourceEntries(BARE, b"bbbbaaaa")], "not sorted"),
        ([SourceEntries(MALWARE, [b"1234567"])], "a hash of 7 bytes"),
        ([SourceEntries(MALWARE, [b"12345678"], days=70_000)], "70000 is no day"),
        ([SourceEntries(BARE, b"aaaa", days=[1, 2])], "1 hashes, but 2 days"),
    ],
)
def test_lists_that_cannot_be_are_refused(entries: list[SourceEntries], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compiled(*entries)


@pytest.mark.parametrize(("width", "bare"), [(3, True), (9, True), (4, False)])
def test_sources_that_cannot_be_are_refused(width: int, bare: bool) -> None:
    with pytest.raises(ValueError, match="bytes"):
        Source("x", ThreatType.SPAM, prefix_bytes=width, bare=bare)


def test_days_stay_within_two_bytes() -> None:
    assert day_of(-1) == 0
    assert day_of(20_000 * DAY_US + 1) == 20_000
    assert day_of(10**20) == 0xFFFF


GOOD = compiled(
    SourceEntries(
        MALWARE, [url_hash("http://evil.example/"), url_hash("http://worse.example/")], days=[1, 2]
    ),
    SourceEntries(BARE, b"aaaabbbb"),
)


@given(st.binary(max_size=300) | st.binary(max_size=300).map(GOOD[:8].__add__))
def test_any_bytes_open_or_give_the_one_error(data: bytes) -> None:
    with pytest.raises(ThreatListsError):
        ThreatLists(data)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_one_changed_byte_is_noticed(place: int, difference: int) -> None:
    changed = bytearray(GOOD)
    changed[place] ^= difference
    with pytest.raises(ThreatListsError):
        ThreatLists(bytes(changed))


@given(st.integers(0, len(GOOD) - 1))
def test_a_cut_file_is_noticed(length: int) -> None:
    with pytest.raises(ThreatListsError):
        ThreatLists(GOOD[:length])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no compiled lists"),
        (b"GIF89a" * 20, "no compiled lists"),
        (GOOD[:7] + b"\x09" + GOOD[8:], "of version 9, not 1"),
        (GOOD[:-30] + GOOD[-29:], "the checksum does not fit"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, words: str) -> None:
    with pytest.raises(ThreatListsError, match=words):
        ThreatLists(data)
