"""Damaged messages by the thousand: the rewriter never raises, and gives every byte back."""

import random
import time
from pathlib import Path

import pytest

from backstamp.rewriting import Direction, Options, SkipReason, plan, unwrap
from tests.rewriting.sealers import FixedSealer

GOLDEN = sorted(
    path for path in (Path(__file__).parent / "golden").glob("*.eml") if not path.stem.endswith(".expected")
)
TRIALS = 40_000
PIECES = [
    b"\r\n",
    b"\n",
    b"\r",
    b"=",
    b"=\r\n",
    b"<a href=",
    b'"',
    b"<!--",
    b"-->",
    b"--",
    b"\0",
    b"\xff",
    b"http://",
    b"&amp;",
]


@pytest.mark.soak
def test_forty_thousand_damaged_messages_are_planned_applied_and_unwrapped() -> None:
    seed = int(time.time())
    dice = random.Random(seed)
    messages = [path.read_bytes() for path in GOLDEN]
    assert messages
    sealer = FixedSealer()
    changed = 0
    for _ in range(TRIALS):
        raw = _damaged(dice, dice.choice(messages))
        direction = dice.choice(list(Direction))
        planned = plan(raw, Options(direction=direction, opens=direction is Direction.OUTBOUND))
        assert planned.manifest.skip_reason is not SkipReason.FAILED, (seed, raw)
        done = planned.apply(sealer)
        changed += done.raw != raw
        assert unwrap(done.raw, sealer.reads(planned).get, done.manifest) == raw, (seed, raw)
    print(f"\n{TRIALS} damaged messages, seed {seed}: {changed} rewritten, all unwrapped exactly, 0 failures")


def _damaged(dice: random.Random, raw: bytes) -> bytes:
    damaged = bytearray(raw)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(damaged) + 1)
        match dice.randrange(4):
            case 0:
                del damaged[at : at + dice.randint(1, 40)]
            case 1:
                damaged[at:at] = dice.choice(PIECES)
            case 2 if at < len(damaged):
                damaged[at] = dice.randrange(256)
            case _:
                start = dice.randrange(len(damaged) + 1)
                damaged[at:at] = damaged[start : start + dice.randint(1, 60)]
    return bytes(damaged)
