"""Truth and verdict are joined hit by hit, and counted."""

from backstamp.app.simulator.playing import Played
from backstamp.app.simulator.scoring import Judged, score
from backstamp.vocabulary import Actor


def played(at: int, truth: Actor, *, link: int | None = None, agent: str = "a", message: int = 7) -> Played:
    return Played(f"cast {truth}", truth, message, link, agent, at, at + 100, 200)


def judged(at: int, actor: Actor, *, link: int | None = None, agent: str = "a", message: int = 7) -> Judged:
    return Judged(message, link, agent, at, actor, final=False)


def test_recall_and_precision_are_those_of_the_joined_hits() -> None:
    marked = score(
        [
            played(1_000_000, Actor.HUMAN),
            played(2_000_000, Actor.HUMAN),
            played(3_000_000, Actor.SCANNER, link=1),
            played(4_000_000, Actor.SCANNER, link=2),
        ],
        [
            judged(4_000_050, Actor.HUMAN, link=2),
            judged(1_000_050, Actor.HUMAN),
            judged(2_000_050, Actor.PREFETCH),
            judged(3_000_050, Actor.SCANNER, link=1),
        ],
    )
    assert (marked.played, marked.judged) == (4, 4)
    assert (marked.people_called_machine, marked.machines_called_person) == (1, 1)
    assert marked.machines_caught == 0.5
    rows = {row.name: row for row in marked.by_actor}
    assert (rows["human"].recall, rows["human"].precision) == (0.5, 0.5)
    assert (rows["scanner"].recall, rows["scanner"].precision) == (0.5, 1.0)
    assert (rows["prefetch"].hits, rows["prefetch"].precision) == (0, 0.0)
    assert rows["human"].verdicts == {"human": 1, "prefetch": 1}
    assert [(row.name, row.hits, row.right) for row in marked.by_cast] == [
        ("cast human", 2, 1),
        ("cast scanner", 2, 1),
    ]


def test_a_hit_of_another_message_link_program_or_time_is_no_answer() -> None:
    asked = [played(1_000_000, Actor.HUMAN, link=1)]
    for other in (
        judged(1_000_050, Actor.HUMAN, link=1, message=8),
        judged(1_000_050, Actor.HUMAN, link=2),
        judged(1_000_050, Actor.HUMAN, link=1, agent="b"),
        judged(900_000, Actor.HUMAN, link=1),
        judged(1_100_000, Actor.HUMAN, link=1),
    ):
        marked = score(asked, [other])
        assert (marked.played, marked.judged, marked.machines_caught) == (1, 0, None)


def test_a_hit_answers_for_one_act_only() -> None:
    twice = [played(1_000_000, Actor.HUMAN), played(1_000_000, Actor.HUMAN)]
    assert score(twice, [judged(1_000_050, Actor.HUMAN)]).judged == 1
