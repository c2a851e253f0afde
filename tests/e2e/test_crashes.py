"""SIGKILL of anything at any moment under load: answers fail only where nobody is left to give them."""

import random
import time
from collections import Counter
from collections.abc import Callable

import pytest

from tests.e2e.hit_load import HitLoad, Outages
from tests.e2e.kills import kill
from tests.e2e.reckoning import reckon
from tests.e2e.server import Server

ROUND = ["edge worker"] * 7 + ["worker"] * 4 + ["edge main"] * 3
"""What is killed in a round, in any order; the supervisor dies at its end."""
SOAK_ROUNDS = 20


def crash(server: Server, victims: list[str], rounds: int, seed: int) -> str:
    """Kill all of `victims` in each round, then the supervisor; returns what was seen, in a line."""
    dice, outages, killed = random.Random(seed), Outages(), Counter[str]()
    with HitLoad(server, f"crash{seed}") as load:
        for _ in range(rounds):
            for victim in [*dice.sample(victims, len(victims)), "supervisor"]:
                time.sleep(dice.uniform(0.02, 0.5))
                kill(server, victim, outages, dice)
                killed[victim] += 1
        time.sleep(0.5)
    assert load.unexcused(outages) == [], f"seed {seed}"
    assert len(load.acknowledged) > 20 * sum(killed.values())
    reckon(server, load.acknowledged)
    return (
        f"{sum(killed.values())} kills ({dict(killed)}), seed {seed}: {len(load.acknowledged):,} hits "
        f"acknowledged and recorded once; {len(load.failures):,} requests without an answer, all in the "
        f"{outages.seconds():.0f} s in which nobody could give it"
    )


def test_a_kill_of_anything_under_load_costs_no_acknowledged_hit_and_no_answer_of_the_living(
    backstamp: Callable[..., Server],
) -> None:
    crash(backstamp(EDGE_WORKERS="2"), ["edge worker", "edge worker", "worker", "worker", "edge main"], 1, 1)


@pytest.mark.soak
def test_three_hundred_kills_cost_no_acknowledged_hit_and_no_answer_of_the_living(
    backstamp: Callable[..., Server],
) -> None:
    server = backstamp(EDGE_WORKERS="2")
    print("\n" + crash(server, ROUND, SOAK_ROUNDS, int(time.time())))
