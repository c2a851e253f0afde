import collections
import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from tests.e2e.load import Load
from tests.e2e.server import ROLES, Server, until


def kill_under_load(server: Server, rounds: int, seed: int) -> tuple[int, int, int]:
    """Kill a random process of a random role under load, `rounds` times; returns hits, mails and doubles."""
    dice = random.Random(seed)
    with Load(server, f"r{seed}") as load:
        for _ in range(rounds):
            time.sleep(dice.uniform(0.2, 1.2))
            victims = server.family()[dice.choice(ROLES)]
            if victims:
                os.kill(dice.choice(victims), signal.SIGKILL)
        time.sleep(0.5)
        until("all answers again", server.is_up, 60)
        time.sleep(1.0)
    hits, mails = load.acknowledged_hits, load.acknowledged_mails
    assert len(hits) > rounds
    assert len(mails) > rounds
    until("every acknowledged hit is in the records", lambda: set(hits) <= set(server.user_agents()), 60)
    times = collections.Counter(server.user_agents())
    assert [name for name, count in times.items() if count > 1] == []
    kept = [path.read_bytes() for path in (server.data / "capture").glob("*.eml")]
    arrived = collections.Counter(
        line.split(b"<")[1].split(b"@")[0].decode()
        for mail in kept
        for line in mail.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
        if line.startswith(b"Message-ID:")
    )
    assert [name for name in mails if name not in arrived] == []
    return len(hits), len(mails), sum(count - 1 for count in arrived.values())


def test_killing_roles_under_load_loses_and_doubles_nothing_acknowledged(
    backstamp: Callable[..., Server],
) -> None:
    kill_under_load(backstamp(CAPTURE_MAX_BYTES="1 GB"), rounds=6, seed=1)


@pytest.mark.soak
def test_fifty_kills_under_load_lose_and_double_nothing_acknowledged(
    backstamp: Callable[..., Server],
) -> None:
    server = backstamp(CAPTURE_MAX_BYTES="1 GB")
    hits, mails, doubles = kill_under_load(server, rounds=50, seed=int(time.time()))
    print(
        f"\n50 kills: {hits} hits, {mails} mails acknowledged; lost: 0; mails doubled (RFC 1047): {doubles}"
    )
