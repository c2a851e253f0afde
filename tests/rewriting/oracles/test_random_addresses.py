"""Addresses put together at random: what we wrap is what Chromium would request."""

import random
import time

import pytest

from backstamp.rewriting import Direction, Options
from tests.rewriting.messages import message
from tests.rewriting.oracles.addresses import document_of_links, random_addresses
from tests.rewriting.oracles.judge import judge, rewritten_case, told
from tests.rewriting.oracles.panel import Panel

INBOUND = Options(direction=Direction.INBOUND)
AT_ONCE = 200


@pytest.mark.parametrize("base", ["", "https://base.example/a/b?c#d", "http://base.example"])
@pytest.mark.parametrize(
    ("count", "seed"),
    [(1_000, 20_260_501), pytest.param(40_000, int(time.time()), marks=pytest.mark.soak)],
)
def test_the_target_is_what_chromium_would_request(panel: Panel, base: str, count: int, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(0, count, AT_ONCE):
        addresses = list(random_addresses(AT_ONCE, dice))
        case = rewritten_case(message(document_of_links(addresses, base), newline=b"\n"), INBOUND)
        panel.learn(case.documents, thorough=False)
        misses = judge(case, panel)
        panel.forget()
        assert misses == [], f"seed {seed}: {told(misses)}"
