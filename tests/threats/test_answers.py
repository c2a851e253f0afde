"""What publishers have answered settles what bare prefixes leave open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstamp.threats.answers import Answers, Confirmed, decode_answers, encode_answers
from backstamp.threats.checking import check, listed
from backstamp.threats.findings import Finding, ThreatReason
from backstamp.threats.heuristics import Looks
from backstamp.threats.lists import Source, SourceEntries, ThreatLists
from backstamp.urls.parsing import WebUrl, web_url
from backstamp.urls.safe_browsing import full_hash, full_hashes
from backstamp.vocabulary import ThreatType
from tests.threats.test_lists import lists_of

NOW = 1_800_000_000_000_000
HELD = Confirmed(ThreatType.PHISHING, "safe-browsing", 5, NOW + 1)
OVER = Confirmed(ThreatType.PHISHING, "safe-browsing", 5, NOW)


def prefixes(*expressions: str) -> ThreatLists:
    bare = Source("safe-browsing/se-4b", ThreatType.PHISHING, 4, bare=True)
    return lists_of(SourceEntries(bare, [full_hash(each) for each in expressions]))


def url(text: str) -> WebUrl:
    parsed = web_url(text)
    assert parsed is not None
    return parsed


def asked(*expressions: str, until: int = NOW + 1) -> dict[bytes, int]:
    return {full_hash(each)[:4]: until for each in expressions}


@pytest.mark.parametrize(
    ("answers", "confirmed"),
    [
        (Answers(), [False]),
        (Answers(prefixes=asked("evil.example/a")), []),
        (Answers(prefixes=asked("evil.example/a", until=NOW)), [False]),
        (Answers({full_hash("evil.example/a"): (HELD,)}, asked("evil.example/a")), [True]),
        (Answers({full_hash("evil.example/a"): (OVER,)}, asked("evil.example/a")), []),
        (Answers({full_hash("evil.example/a"): (OVER,)}, asked("evil.example/a", until=NOW)), [False]),
        (Answers({full_hash("evil.example/b"): (HELD,)}, asked("evil.example/a")), []),
        (Answers({full_hash("evil.example/"): (HELD,)}), [True, False]),
    ],
)
def test_a_bare_prefix_is_settled_by_an_answer_that_holds(answers: Answers, confirmed: list[bool]) -> None:
    lists = prefixes("evil.example/a")
    found = listed(url("https://evil.example/a"), lists, answers, NOW)
    assert [finding.confirmed for finding in found] == confirmed
    assert listed(url("https://good.example/"), lists, answers, NOW) == ()


def test_an_answer_counts_inside_wrappers_and_without_any_list() -> None:
    answers = Answers({full_hash("evil.example/"): (HELD,)})
    wrapped = url("https://www.google.com/url?q=https%3A%2F%2Fevil.example%2Flogin")
    (finding,) = listed(wrapped, None, answers, NOW)
    assert finding == Finding(
        threat_type=ThreatType.PHISHING,
        reason=ThreatReason.LISTED_HOST,
        source="safe-browsing",
        detail="evil.example/",
        since_us=5,
    )
    assert finding in check(Looks(url=wrapped), None, answers, NOW)


@given(
    st.dictionaries(st.binary(min_size=4, max_size=4), st.integers(0, 2**63 - 1), max_size=5),
    st.lists(st.sampled_from(["evil.example/a", "evil.example/", "good.example/"]), max_size=3),
    st.integers(0, 2**62),
)
def test_answers_come_back_and_never_make_a_clean_url_dangerous(
    prefixes: dict[bytes, int], dangerous: list[str], until: int
) -> None:
    entry = (Confirmed(ThreatType.MALWARE, "x", 1, until),)
    answers = Answers({full_hash(each): entry for each in dangerous}, prefixes)
    assert decode_answers(encode_answers(answers)) == answers
    assert answers.complete((), full_hashes("http://clean.example/"), NOW) == ()
    confirmed = Finding(ThreatType.SPAM, ThreatReason.LISTED_HOST, "own", "evil.example/")
    assert confirmed in answers.complete((confirmed,), (), NOW), "what is confirmed is never dropped"


@pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b"\x81\xa8prefixes\x05"])
def test_what_holds_no_answers_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="it holds no answers about threats"):
        decode_answers(data)
