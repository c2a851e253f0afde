"""SIGKILL of any role, those of the mail too, while mail and hits come."""

import collections
import random
import time
from collections.abc import Callable

import pytest

from tests.e2e.hit_load import HitLoad, Outages
from tests.e2e.kills import kill
from tests.e2e.mail_load import MailLoad
from tests.e2e.reckoning import reckon
from tests.e2e.server import Server, until

VICTIMS = ("gateway", "edge worker", "edge main", "worker", "console")


def kill_under_load(server: Server, rounds: int, seed: int) -> tuple[int, int, int]:
    """Kill a random process of a random role under load, `rounds` times; returns hits, mails and doubles."""
    dice, outages = random.Random(seed), Outages()
    with HitLoad(server, f"r{seed}") as hits, MailLoad(server, f"r{seed}") as mails:
        for _ in range(rounds):
            time.sleep(dice.uniform(0.2, 1.2))
            kill(server, dice.choice(VICTIMS), outages, dice)
        time.sleep(0.5)
        until("all answers again", server.is_up, 60)
        until("hits enough were acknowledged", lambda: len(hits.acknowledged) > rounds, 60)
        until("mails enough were acknowledged", lambda: len(mails.acknowledged) > rounds, 60)
    assert hits.unexcused(outages) == []
    reckon(server, hits.acknowledged)
    kept = [path.read_bytes() for path in (server.data / "capture").glob("*.eml")]
    arrived = collections.Counter(
        line.split(b"<")[1].split(b"@")[0].decode()
        for mail in kept
        for line in mail.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
        if line.startswith(b"Message-ID:")
    )
    assert [name for name in mails.acknowledged if name not in arrived] == []
    return len(hits.acknowledged), len(mails.acknowledged), sum(count - 1 for count in arrived.values())


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
