"""What is always so."""

import json
from functools import lru_cache

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from backstamp.verdicts import Context, Facts, context_of, facts_of, judge, judge_alone, verdict
from backstamp.verdicts.clients import SIGNATURES, USER_AGENT_LIMIT, client_of
from backstamp.verdicts.networks import NETWORKS, NOT_SEEN
from backstamp.verdicts.reading import read_hit
from backstamp.vocabulary import Hit
from tests.verdicts.hits import CHROME, GMAIL_PROXY, OUTLOOK, SAFARI, link, pixel

_user_agents = st.sampled_from([CHROME, SAFARI, GMAIL_PROXY, OUTLOOK, "Mozilla/5.0", "", "curl/8"]) | st.text(
    max_size=8192
)
_headers = st.fixed_dictionaries(
    {},
    optional={
        "user_agent": _user_agents,
        "accept": st.sampled_from(["text/html,*/*", "image/webp,*/*", "*/*"]) | st.text(),
        "accept_language": st.sampled_from(["de", "", " "]) | st.text(),
        "sec_fetch_mode": st.sampled_from(["navigate", "no-cors"]) | st.text(),
        "sec_fetch_dest": st.sampled_from(["document", "image"]) | st.text(),
        "sec_fetch_user": st.sampled_from(["?1", "?0"]),
        "malformed_token": st.just("'"),
        "sec_purpose": st.sampled_from(["prefetch", "prefetch;prerender"]) | st.text(),
    },
)
_facts = st.builds(
    Facts,
    event=st.sampled_from(["open", "click"]),
    method=st.sampled_from(["GET", "HEAD"]) | st.text(),
    headers=_headers,
    network=st.sampled_from(["", NOT_SEEN, *NETWORKS]) | st.text(),
    certain_rdns=st.sampled_from(["", "a.barracuda.com", "."]) | st.text(),
    seconds_since_delivery=st.none() | st.floats(),
    day=st.none() | st.integers(),
)
_one_object = lru_cache(lambda agent, tail: {"user_agent": agent, **dict(tail)})
"""Ingest has one object for equal header fields, which the verdict looks at first."""
_hits = st.builds(
    lambda image, at, number, agent, source, key, method, network, tail: (pixel if image else link)(
        at / 4,
        **({} if image else {"number": number}),
        headers=_one_object(agent, tuple(tail.items())),
        source=source,
        recipient_key=key,
        method=method,
        network=network,
    ),
    st.booleans(),
    st.integers(0, 200),
    st.integers(0, 4),
    st.sampled_from([CHROME, SAFARI, GMAIL_PROXY, OUTLOOK, ""]),
    st.sampled_from([b"", b"A", b"B", b"C"]),
    st.sampled_from([b"", b"k", b"l"]),
    st.sampled_from(["GET", "HEAD"]),
    st.sampled_from(["", "hosting", "apple_relay", "google_image_proxy", "mimecast"]),
    st.sampled_from([{}, {}, {}, {"malformed_token": "'"}]),
)
_siblings = st.lists(st.tuples(_hits, st.booleans()), max_size=25)
Others = list[tuple[Hit, bool]]
"""Other hits, and whether they are of the same recipient."""


def split(others: Others) -> tuple[list[Hit], list[Hit]]:
    """Return siblings, and hits of others."""
    return [hit for hit, same in others if same], [hit for hit, same in others if not same]


def context(hit: Hit, others: Others) -> Context:
    return context_of(hit, *split(others), total_links=5, delivered_at_us=5_000_000, hidden_links={4})


@given(_facts, st.from_type(Context))
def test_any_facts_and_context_give_a_verdict_with_reasons(facts: Facts, around: Context) -> None:
    found = verdict(facts, around)
    assert -1 <= found.score <= 1
    assert found.reasons
    assert verdict(facts, around) == found


@given(_hits, _siblings.flatmap(lambda siblings: st.tuples(st.just(siblings), st.permutations(siblings))))
def test_the_order_of_arrival_never_changes_the_verdict(hit: Hit, orders: tuple[Others, Others]) -> None:
    facts = facts_of(hit, 5_000_000)
    one, other = (context(hit, siblings) for siblings in orders)
    assert one == other
    assert verdict(facts, one) == verdict(facts, other)


@given(_hits, _siblings)
def test_it_makes_no_difference_whether_equal_header_fields_are_one_object(hit: Hit, others: Others) -> None:
    copied = [(msgspec.structs.replace(each, headers=dict(each.headers)), same) for each, same in others]
    facts = facts_of(hit, 5_000_000)
    for siblings, copies in ((others, copied), ([(each, True) for each, _ in others[:1]], copied[:1])):
        assert verdict(facts, context(hit, siblings)) == verdict(facts, context(hit, copies))


@given(_hits, _siblings)
def test_a_repeated_or_included_hit_adds_nothing_to_the_counts_of_links_and_people(
    hit: Hit, siblings: Others
) -> None:
    once = context(hit, siblings)
    twice = context(hit, [*siblings, *siblings, (hit, True)])
    assert once.links_clicked_within_2s == twice.links_clicked_within_2s
    assert once.recipients_same_source_60s == twice.recipients_same_source_60s


@given(_headers, st.randoms(use_true_random=False), st.sampled_from(["open", "click"]))
def test_case_and_order_of_header_fields_never_matter(
    headers: dict[str, str], random: object, event: str
) -> None:
    shuffled = list(headers.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    respelled = {name.upper().replace("_", "-"): value for name, value in shuffled}
    _, one, around = read_hit(json.dumps({"event": event, "headers": headers}))
    _, other, _ = read_hit(json.dumps({"event": event, "headers": respelled}))
    assert one == other
    assert verdict(one, around) == verdict(other, around)


@given(st.sampled_from(["66.249.93.84", "40.94.1.1", "203.0.113.4"]))
def test_a_mapped_address_gives_the_same_verdict(address: str) -> None:
    headers = {"user_agent": GMAIL_PROXY}
    one, other = (
        read_hit(json.dumps({"event": "open", "headers": headers, "ip": ip}))
        for ip in (address, f"::ffff:{address}")
    )
    assert verdict(*one[1:]) == verdict(*other[1:])


@given(st.sampled_from([text for entry in SIGNATURES for text in entry.texts]), st.booleans())
def test_a_signature_is_known_in_any_case(text: str, upper: bool) -> None:
    assert client_of(text.upper() if upper else text.lower()) == client_of(text)


@given(st.text(min_size=1, max_size=200))
def test_what_stands_behind_the_limit_of_a_user_agent_is_not_looked_at(tail: str) -> None:
    head = (CHROME + " " * USER_AGENT_LIMIT)[: USER_AGENT_LIMIT - 1] + "x"
    assert client_of(head + tail) == client_of(head)


_later_us = st.sampled_from(
    [0, 1_000, 300_000, 1_000_000, 59_000_000, 900_000_000, 3_600_000_000, 90_000_000_000]
)
_delivered_at_us = st.none() | st.integers(0, 60_000_000)


@given(
    *(_hits, _siblings, st.lists(_later_us, max_size=3), _delivered_at_us, st.booleans()),
    st.sampled_from(["", "", "a.barracuda.com"]),
)
def test_what_is_remembered_of_a_hit_is_the_verdict_of_every_hit_that_counts_as_alike(
    hit: Hit, others: Others, later_us: list[int], delivered_at_us: int | None, bounced: bool, name: str
) -> None:
    siblings, elsewhere = split(others)
    shifted = [msgspec.structs.replace(hit, at_us=hit.at_us + us) for us in later_us]
    for each in (hit, *shifted, hit):
        found = judge(
            *(each, siblings, elsewhere),
            total_links=5,
            delivered_at_us=delivered_at_us,
            sent_at_us=61_000_000,
            bounced=bounced,
            certain_rdns=name,
        )
        around = context_of(
            *(each, siblings, elsewhere),
            total_links=5,
            delivered_at_us=delivered_at_us,
            sent_at_us=61_000_000,
            bounced=bounced,
        )
        assert found == verdict(facts_of(each, delivered_at_us, certain_rdns=name), around)


@given(_hits, st.lists(st.tuples(_hits, _later_us), max_size=3), _delivered_at_us, st.booleans())
def test_hits_that_tell_nothing_of_each_other_are_judged_as_each_would_be_alone(
    first: Hit, more: list[tuple[Hit, int]], delivered_at_us: int | None, bounced: bool
) -> None:
    later = [msgspec.structs.replace(hit, at_us=first.at_us + us, headers=first.headers) for hit, us in more]
    hits = [first, *later, first]
    found = judge_alone(
        hits, total_links=5, delivered_at_us=delivered_at_us, sent_at_us=61_000_000, bounced=bounced
    )
    for hit, its in zip(hits, found, strict=True):
        around = context_of(
            *(hit, (), ()),
            total_links=5,
            delivered_at_us=delivered_at_us,
            sent_at_us=61_000_000,
            bounced=bounced,
        )
        assert its == verdict(facts_of(hit, delivered_at_us), around)
