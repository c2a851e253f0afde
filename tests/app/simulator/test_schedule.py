"""Who does what, and when: repeatable, and with the real spacing of bursts."""

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from backstamp.app.simulator.cast import What, the_cast
from backstamp.app.simulator.schedule import BURST_SECONDS, EARLIEST_READING, acts_of, mailboxes_for
from backstamp.vocabulary import PEOPLE

CAST = the_cast()
NAMES = [actor.name for actor in CAST.actor]


def test_every_actor_is_played_and_every_step_names_one_that_exists() -> None:
    assert {step.actor for mailbox in CAST.mailbox for step in mailbox.steps} == set(NAMES)
    assert len(set(NAMES)) == len(NAMES)
    for actor in CAST.actor:
        assert actor.open_headers in CAST.headers
        assert actor.click_headers in CAST.headers
        assert actor.source


@given(seed=st.integers(), recipients=st.integers(1, 200))
def test_the_same_seed_always_chooses_the_same_mailboxes(seed: int, recipients: int) -> None:
    chosen = mailboxes_for(CAST, recipients, seed)
    assert chosen == mailboxes_for(CAST, recipients, seed)
    assert len(chosen) == recipients
    if recipients >= len(CAST.mailbox):
        assert {each.name for each in chosen} == {each.name for each in CAST.mailbox}


@given(st.sampled_from(CAST.mailbox), st.text(), st.integers(0, 6), st.floats(1, 86_400))
def test_acts_are_repeatable_in_order_and_from_the_actors_own_networks(
    mailbox: object, key: str, links: int, duration: float
) -> None:
    assert mailbox in CAST.mailbox
    kind = CAST.mailbox[CAST.mailbox.index(mailbox)]
    acts = acts_of(CAST, kind, links, duration, key)
    assert acts == acts_of(CAST, kind, links, duration, key)
    assert [act.seconds for act in acts] == sorted(act.seconds for act in acts)
    for act in acts:
        player = CAST.player(act.actor)
        assert any(ip_address(act.address) in ip_network(network) for network in player.networks)
        assert act.truth is (player.open if act.link is None else player.click)
        assert act.link is None or act.link in range(links)
        if act.truth in PEOPLE:
            assert act.seconds >= EARLIEST_READING


@given(st.text(), st.integers(2, 8))
def test_a_machine_asks_for_all_links_within_a_second_however_short_the_run(key: str, links: int) -> None:
    for mailbox in CAST.mailbox:
        for step in mailbox.steps:
            if step.what is What.CLICK_ALL:
                acts = acts_of(CAST, mailbox, links, 1.0, key)
                times = [a.seconds for a in acts if a.actor == step.actor and a.link is not None]
                assert len(times) == links
                assert max(times) - min(times) <= BURST_SECONDS
