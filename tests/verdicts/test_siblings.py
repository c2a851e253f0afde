"""What the hits beside a hit tell of it."""

from backstamp.verdicts import Context, context_of
from backstamp.verdicts.crowds import MOST_RECIPIENTS
from backstamp.vocabulary import Hit
from tests.verdicts.hits import (
    BROWSER_CLICK,
    BROWSER_OPEN,
    CHROME,
    GMAIL_PROXY,
    SAFARI,
    SAFARI_CLICK,
    link,
    pixel,
)

B = b"B" * 8
C = b"C" * 8


def context(hit: Hit, *others: Hit, total_links: int = 5, **about: int) -> Context:
    """The context of a hit among other hits of the same recipient."""
    return context_of(
        hit,
        others,
        total_links=total_links,
        delivered_at_us=about.get("delivered_at_us"),
        sent_at_us=about.get("sent_at_us"),
    )


def test_a_burst_counts_distinct_links_in_the_fullest_stretch_around_the_hit() -> None:
    hit = link(10, 1)
    found = context(hit, link(9, 2), link(9, 2), link(11, 3), link(11.5, 4), link(30, 5))
    assert found.links_clicked_within_1s == 2
    assert found.links_clicked_within_2s == 3
    assert found.links_clicked_within_5s == 4
    assert found.links_clicked_within_30s == 5


def test_the_hit_itself_among_its_siblings_changes_nothing() -> None:
    hit = link(10, 1)
    others = (link(11, 2), pixel(4))
    assert context(hit, *others) == context(hit, *others, hit)


def test_a_hit_alone_has_the_context_of_a_hit_beside_only_itself() -> None:
    for hit in (link(10, 1), link(10, 1, network="private"), pixel(10)):
        assert context(hit) == context(hit, hit)


def test_another_program_at_another_source_is_not_part_of_a_burst() -> None:
    found = context(link(10, 1), link(10, 2, source=B, headers=SAFARI_CLICK))
    assert found.links_clicked_within_2s == 1


def test_head_and_speculative_hits_are_not_part_of_a_burst() -> None:
    ahead = link(10, 3, headers={"user_agent": CHROME, "sec_purpose": "prefetch"})
    assert context(link(10, 1), link(10, 2, method="HEAD"), ahead).links_clicked_within_2s == 1


def test_other_recipients_links_are_not_part_of_a_burst_but_make_a_crowd() -> None:
    hit = link(10, 1)
    others = [link(10 + n, 2, recipient_index=n) for n in range(1, 6)]
    found = context_of(hit, [], others, total_links=5, delivered_at_us=None)
    assert found.links_clicked_within_2s == 1
    assert found.recipients_same_source_60s == 6


def test_a_malformed_token_is_told_of_beside_its_source_only_and_is_no_fetch() -> None:
    malformed = {**BROWSER_CLICK, "malformed_token": "'"}
    assert context(link(10, 1, headers=malformed)).malformed_token
    for hit in (link(10, 1), pixel(10)):
        both = link(4, 2, headers=malformed), link(13, 3, headers=malformed)
        for found in (context(hit, *both), context(hit, *reversed(both))):
            assert found.malformed_token_same_source_seconds == 3
            assert not found.malformed_token
        assert found.links_clicked_within_5s == context(hit).links_clicked_within_5s
        for beside in (link(10.5, 2, headers=malformed, source=B), link(21, 2, headers=malformed)):
            assert context(hit, beside).malformed_token_same_source_seconds is None
    opened = context(link(10, 1), pixel(2, headers={**BROWSER_OPEN, "malformed_token": '"'}))
    assert not opened.opened_before


def test_hits_that_name_nobody_and_come_from_one_source_are_as_many_people_as_they_have_keys() -> None:
    opens = [pixel(10 + n, recipient_key=bytes([n]) * 8) for n in range(3)]
    assert context(pixel(10), *opens).recipients_same_source_60s == 4
    assert context(link(10, 1), *opens).recipients_same_source_60s == 3
    assert context(link(10, 1), link(11, 2), opens[0]).recipients_same_source_60s == 1


def test_a_crowd_needs_a_source_and_a_network_that_is_not_shared() -> None:
    others = [pixel(10, recipient_key=bytes([n]) * 8) for n in range(8)]
    at_home = context_of(pixel(10), [], others, total_links=0, delivered_at_us=None)
    by_relay = context_of(pixel(10, network="apple_relay"), [], others, total_links=0, delivered_at_us=None)
    erased = context_of(pixel(10, source=b""), [], others, total_links=0, delivered_at_us=None)
    assert (at_home.recipients_same_source_60s, by_relay.recipients_same_source_60s) == (9, 1)
    assert erased.recipients_same_source_60s == 1


def test_a_source_that_acts_for_very_many_has_one_number_and_one_reason_whoever_is_beside_a_hit() -> None:
    for hit, named in ((pixel(10), "recipients_same_source_60s"), (link(10, 1), "recipients_same_second")):
        found = set()
        for many in (MOST_RECIPIENTS - 2, MOST_RECIPIENTS - 1, MOST_RECIPIENTS, 60):
            images = [pixel(10, recipient_key=bytes([n]) * 8) for n in range(many)]
            links = [link(10, 1, recipient_index=n + 1) for n in range(many)]
            beside = context_of(hit, [], [*images, *links], total_links=9, delivered_at_us=None)
            found.add(getattr(beside, named))
        assert found == {MOST_RECIPIENTS - 1, MOST_RECIPIENTS}


def test_before_and_after_on_the_same_link_are_told_from_another_source_only() -> None:
    hit = link(100, 1)
    found = context(
        hit,
        link(88, 1, source=B, headers=SAFARI_CLICK),
        link(70, 1, source=C),
        link(100.4, 1, source=C),
        link(99, 1),
        link(99, 2, source=C),
    )
    assert found.other_network_same_link_seconds_before == 12
    assert found.os_differs_from_prior_click
    assert found.other_network_same_link_seconds_after == 0.4


def test_an_earlier_open_by_a_person_or_a_proxy_is_remembered_and_a_scanners_is_not() -> None:
    proxied = pixel(4, headers={"user_agent": GMAIL_PROXY}, network="google_image_proxy", source=B)
    found = context(link(10), proxied)
    assert (found.opened_before, found.seconds_since_open) == (True, 6)
    assert not found.same_source_as_open
    scanner = pixel(4, network="microsoft_eop")
    assert not context(link(10), scanner).opened_before
    assert not context(link(10), pixel(11)).opened_before


def test_image_and_link_at_once_by_one_source_are_seen_from_both_sides() -> None:
    assert context(link(10), pixel(9.5)).same_source_opened_within_1s
    assert context(pixel(10), link(10.5)).same_source_clicked_within_1s
    assert not context(link(10), pixel(9.5, source=B)).same_source_opened_within_1s


def test_a_browser_that_follows_head_from_the_same_source_is_seen() -> None:
    probe = link(10, 1, method="HEAD", headers={"user_agent": "Microsoft Office Existence Discovery"})
    assert context(probe, link(10.6, 1)).browser_get_same_source_seconds_after == 0.6
    assert context(probe, link(20.1, 1)).browser_get_same_source_seconds_after is None
    assert context(probe, link(10.6, 1, source=B)).browser_get_same_source_seconds_after is None


def test_one_program_at_other_sources_within_a_minute_is_counted_by_source() -> None:
    found = context(
        pixel(10), pixel(20, source=B), pixel(21, source=B), pixel(60, source=C), pixel(99, source=b"D")
    )
    assert found.same_user_agent_from_other_network_60s == 2
    assert context(pixel(10), pixel(11, headers={"user_agent": SAFARI})).user_agents_from_source == 2


def test_the_hidden_link_marks_itself_and_its_source() -> None:
    siblings = [link(4, 9)]
    own = context_of(link(4, 9), [], total_links=5, delivered_at_us=None, hidden_links={9})
    near = context_of(link(10, 1), siblings, total_links=5, delivered_at_us=None, hidden_links={9})
    other = context_of(link(10, 1, source=B), siblings, total_links=5, delivered_at_us=None, hidden_links={9})
    assert own.honeypot_link
    assert (near.honeypot_link, near.honeypot_same_source_seconds) == (False, 6)
    assert other.honeypot_same_source_seconds is None


def test_before_delivery_and_before_sending_leave_room_for_clocks() -> None:
    assert context(link(8.9), delivered_at_us=10_000_000).before_delivered
    assert not context(link(9.1), delivered_at_us=10_000_000).before_delivered
    assert context(pixel(9), sent_at_us=70_000_000).before_sent
    assert not context(pixel(11), sent_at_us=70_000_000).before_sent


def test_hits_on_other_messages_are_no_siblings_of_this_one() -> None:
    found = context(link(10, 1), link(10, 2, tracking_id=8), pixel(4, tracking_id=8))
    assert (found.links_clicked_within_2s, found.opened_before) == (1, False)
