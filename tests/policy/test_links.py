"""What own lists and threat lists say of a link, layer by layer."""

import io
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.policy import LinkWord, OwnList, OwnWord, link_word, link_words
from backstamp.threats.answers import Answers, Confirmed
from backstamp.threats.lists import Source, SourceEntries, ThreatLists, compile_lists
from backstamp.urls.parsing import WebUrl, web_url
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import ThreatType


def digests(*hosts: str) -> frozenset[bytes]:
    return frozenset(full_hash(f"{host}/")[:8] for host in hosts)


ALLOWS = OwnList(allowed=digests("allowed.example", "www.google.com"))
BLOCKS = OwnList(blocked=digests("blocked.example"))


@pytest.fixture(scope="module")
def lists() -> ThreatLists:
    out = io.BytesIO()
    listed = [full_hash("evil.example/"), full_hash("allowed.example/listed.html")]
    compile_lists(out, [SourceEntries(Source("some", ThreatType.PHISHING), listed)])
    return ThreatLists(out.getvalue())


def word_on(url: str, lists: ThreatLists | None, *own: OwnList) -> LinkWord:
    parsed = web_url(url)
    assert parsed is not None
    return link_word(parsed, lists, own)


def inside(outer: str, inner: str) -> str:
    return f"{outer}{quote(inner, safe='')}"


def test_a_link_that_no_list_knows(lists: ThreatLists) -> None:
    word = word_on("https://plain.example/x", lists, ALLOWS, BLOCKS)
    assert (word.own, word.findings) == (None, ())
    assert word.looks_from == web_url("https://plain.example/x")
    assert word.digests == {full_hash("plain.example/x")[:8], full_hash("plain.example/")[:8]}


def test_what_an_own_list_allows_is_not_looked_for_on_another(lists: ThreatLists) -> None:
    word = word_on("https://allowed.example/listed.html", lists, ALLOWS)
    assert word == LinkWord(OwnWord.ALLOWED, (), word.digests, None)
    assert word_on("https://allowed.example/listed.html", lists).findings


def test_an_allowed_url_in_the_query_clears_nothing_else(lists: ThreatLists) -> None:
    word = word_on(inside("https://evil.example/?u=", "https://allowed.example/"), lists, ALLOWS)
    assert word.own is None
    assert [finding.detail for finding in word.findings] == ["evil.example/"]
    assert word.looks_from is not None
    assert word.looks_from.host == "evil.example"


def test_an_allowed_redirector_clears_no_target(lists: ThreatLists) -> None:
    word = word_on(inside("https://www.google.com/url?q=", "https://evil.example/"), lists, ALLOWS)
    assert word.own is None
    assert [finding.detail for finding in word.findings] == ["evil.example/"]
    assert word.looks_from == web_url("https://evil.example/")


def test_an_allowed_url_inside_an_allowed_redirector_is_allowed(lists: ThreatLists) -> None:
    word = word_on(
        inside("https://www.google.com/url?q=", "https://allowed.example/listed.html"), lists, ALLOWS
    )
    assert (word.own, word.findings, word.looks_from) == (OwnWord.ALLOWED, (), None)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.blocked.example/",
        inside("https://www.google.com/url?q=", "https://blocked.example/"),
        inside("https://blocked.example/?u=", "https://allowed.example/"),
    ],
)
def test_one_blocked_url_blocks_the_link(lists: ThreatLists, url: str) -> None:
    assert word_on(url, lists, ALLOWS, BLOCKS).own is OwnWord.BLOCKED
    assert word_on(url, None, ALLOWS, BLOCKS).own is OwnWord.BLOCKED


def test_the_digests_of_all_are_there_for_kills() -> None:
    word = word_on(inside("https://a.example/?u=", "https://b.example/"), None)
    assert digests("a.example", "b.example") < word.digests


def test_what_publishers_have_answered_settles_prefixes_and_adds_domains() -> None:
    out = io.BytesIO()
    prefixes = [full_hash("maybe.example/")[:4], full_hash("clean.example/")[:4]]
    compile_lists(
        out, [SourceEntries(Source("bare", ThreatType.PHISHING, prefix_bytes=4, bare=True), prefixes)]
    )
    lists, evil = ThreatLists(out.getvalue()), Confirmed(ThreatType.MALWARE, "dns", 5, 100)
    answers = Answers({full_hash("evil.example/"): (evil,)}, {full_hash("clean.example/")[:4]: 100})

    def found(host: str, now_us: int) -> list[tuple[str, bool]]:
        url = web_url(f"https://{host}/")
        assert url is not None
        word = link_word(url, lists, (), answers, now_us)
        return [(finding.source, finding.confirmed) for finding in word.findings]

    assert found("maybe.example", 99) == [("bare", False)]
    assert found("clean.example", 99) == []
    assert found("clean.example", 100) == [("bare", False)], "an answer holds for so long and no longer"
    assert found("evil.example", 99) == [("dns", True)]
    assert found("evil.example", 100) == []


def test_a_message_of_many_links_is_looked_at_in_portions(lists: ThreatLists) -> None:
    asked = 0

    def urls() -> Iterator[WebUrl]:
        nonlocal asked
        for asked in range(1, 101):
            url = web_url(f"https://plain{asked}.example/{'x' * 1070}")
            assert url is not None
            yield url

    before = [asked for _ in link_words(urls(), lists, ())]
    assert before == [15] * 15 + [30] * 15 + [45] * 15 + [60] * 15 + [75] * 15 + [90] * 15 + [100] * 10


EVIL = Answers({full_hash("answered.example/"): (Confirmed(ThreatType.MALWARE, "dns", 5, 100),)})
HOSTS = ("plain", "evil", "www.evil", "allowed", "blocked", "a.b.blocked", "answered", "[::1]", "www.google")
PATHS = ("", "listed.html", "a/b/c?d=e", "?u=https%3A%2F%2Fevil.example%2F", "go?to=http://blocked.example/")


@given(
    st.lists(st.tuples(st.sampled_from(HOSTS), st.sampled_from(PATHS)), max_size=12),
    st.booleans(),
    st.lists(st.sampled_from([ALLOWS, BLOCKS]), unique_by=id),
    st.sampled_from([None, Answers(), EVIL]),
)
def test_of_each_link_of_a_message_is_said_what_is_said_of_it_alone(
    lists: ThreatLists,
    links: list[tuple[str, str]],
    listed: bool,
    own: list[OwnList],
    answers: Answers | None,
) -> None:
    known = lists if listed else None
    urls = [
        url
        for host, path in links
        if (url := web_url(f"https://{host if host[0] == '[' else host + '.example'}/{path}")) is not None
    ]
    for url, word in zip(urls, link_words(urls, known, own, answers, 50), strict=True):
        alone = link_word(url, known, own, answers, 50)
        if word is None:
            assert alone == LinkWord(None, (), alone.digests, url), "nothing is said of it"
        else:
            assert word == alone


def test_where_no_threat_list_is_on_own_lists_and_answers_name_links_all_the_same() -> None:
    urls = [web_url(f"https://{host}.example/") for host in ("plain", "blocked", "allowed", "answered")]
    words = list(link_words([url for url in urls if url is not None], None, (ALLOWS, BLOCKS), EVIL, 50))
    assert [word and (word.own, [each.source for each in word.findings]) for word in words] == [
        None,
        (OwnWord.BLOCKED, []),
        (OwnWord.ALLOWED, []),
        (None, ["dns"]),
    ]
    assert words[1:3] == list(
        link_words([url for url in urls[1:3] if url is not None], None, (ALLOWS, BLOCKS))
    )


def test_more_links_than_are_looked_up_together(lists: ThreatLists) -> None:
    urls = [web_url(f"https://plain.example/{'x' * 2000}/{number}") for number in range(30)]
    urls[7] = urls[29] = web_url("https://evil.example/")
    words = list(link_words([url for url in urls if url is not None], lists, ()))
    assert [number for number, word in enumerate(words) if word is not None] == [7, 29]
    assert len(words) == 30
