"""`backstamp bench gateway`: mails a second through Postfix, with our filter and our milter beside others.

smtp-source gives newsletters to Postfix, one connection and one reader each (`-N`: the same message for the
same reader is a retry to us, and waits for the first), and smtp-sink takes what comes out; all arms take
turns, so that a noisy moment hits all. Postfix alone uses up the processors of a small machine, so what
counts is what each mail costs; the CPU column is that of Postfix and the filters, without source and sink.
"""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TextIO

import click
import msgspec

from backstamp.app.bench.cpu_time import cpu_seconds
from backstamp.app.bench.made_up.newsletters import newsletter
from backstamp.app.bench.servers import mail_arms, our_gateway
from backstamp.app.bench.servers.mail_arms import Arm
from backstamp.app.bench.servers.ports import free_port, wait_for_port

LETTER: Final = (24, 12)
"""KB that the newsletter is made of, which come to 20 in the end, and its links."""
SESSIONS: Final = 10
"""Mails that smtp-source sends at once."""
QUICK: Final = (200, 3)
FULL: Final = (1000, 7)
"""Messages of a round, and rounds."""
_ENDS_WITHIN: Final = 300.0


class Sample(msgspec.Struct, frozen=True):
    """One run of one arm: mails a second from the first connection to the last delivery, CPU ms a mail."""

    rate: float
    cpu_ms: float


def run(out: TextIO, quick: bool) -> None:
    """Print the medians of each arm, and its ratio to what it is compared with, taken round by round."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("postfix", "smtp-source", "smtp-sink"))):
        print(
            "gateway: needs Postfix with smtp-source and smtp-sink, and root; nothing was measured", file=out
        )
        return
    messages, rounds = QUICK if quick else FULL
    letter = newsletter(LETTER[0] * 1024, LETTER[1]).raw
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="backstamp-bench-")))
        text = folder / "letter"
        text.write_bytes(letter.replace(b"\r\n", b"\n"))
        sink = free_port()
        arms = mail_arms.start(stack, folder, sink)
        print(
            f"{rounds} rounds of {messages} newsletters of {len(letter) / 1024:.0f} KB, {SESSIONS} at once",
            file=out,
        )
        samples: dict[str, list[Sample]] = {arm.name: [] for arm in arms}
        for arm in arms:
            if arm.guards:
                _check_work(arm, text, sink)
            _measure(arm, text, sink, messages // 4)
        for number in range(rounds):
            for arm in arms if number % 2 else reversed(arms):
                samples[arm.name].append(_measure(arm, text, sink, messages))
    _print(out, arms, samples)


def _check_work(arm: Arm, letter: Path, sink: int) -> None:
    """See that a filter of ours guards the links: one that lets mail pass as it is would look quick.

    Raises `click.ClickException`.
    """
    with tempfile.TemporaryDirectory(prefix="backstamp-taken-") as name:
        shutil.chown(name, "nobody")
        _measure(arm, letter, sink, 1, "-D", f"{name}/taken")
        guarded = Path(name, "taken").read_bytes().count(our_gateway.TRACKING_URL.encode())
    if guarded != LETTER[1]:
        raise click.ClickException(
            f"gateway: {arm.name} guarded {guarded} of {LETTER[1]} links of a newsletter; "
            "a figure would tell nothing. The gateway's log says why"
        )


def _measure(arm: Arm, letter: Path, sink: int, messages: int, *options: str) -> Sample:
    """Send and take so many; `options` are more of smtp-sink's."""
    taker = subprocess.Popen(
        ["smtp-sink", *options, "-u", "nobody", "-M", str(messages), f"127.0.0.1:{sink}", "200"]
    )
    try:
        wait_for_port(sink)
        before, start = cpu_seconds(arm.roots), time.perf_counter()
        subprocess.run(
            [
                *("smtp-source", "-N", "-s", str(SESSIONS), "-m", str(messages), "-F", letter),
                *("-f", "news@example.com", "-t", mail_arms.RECIPIENT, f"127.0.0.1:{arm.port}"),
            ],
            check=True,
            timeout=_ENDS_WITHIN,
        )
        taker.wait(_ENDS_WITHIN)
        seconds = time.perf_counter() - start
        return Sample(messages / seconds, (cpu_seconds(arm.roots) - before) / messages * 1000)
    finally:
        taker.kill()
        taker.wait()


def _print(out: TextIO, arms: list[Arm], samples: dict[str, list[Sample]]) -> None:
    first = arms[0].name
    print(f"{'':<44}{'mails/s':>9}{'CPU ms':>9}{'of alone':>10}  compared with", file=out)
    for arm in arms:
        rate = statistics.median(each.rate for each in samples[arm.name])
        cpu = statistics.median(each.cpu_ms for each in samples[arm.name])
        ratio = _ratio(samples[arm.name], samples[first])
        line = f"{arm.name:<44}{rate:>9.0f}{cpu:>9.2f}{ratio:>10.2f}"
        if arm.beside:
            line += f"  {_ratio(samples[arm.name], samples[arm.beside]):.2f} x {arm.beside}"
        print(line, file=out)


def _ratio(ours: list[Sample], theirs: list[Sample]) -> float:
    return statistics.median(a.rate / b.rate for a, b in zip(ours, theirs, strict=True))
