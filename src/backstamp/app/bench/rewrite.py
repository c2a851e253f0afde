"""`backstamp bench rewrite`: the rewriting engine beside its peers, in one run on the same messages."""

import email
import email.policy
import gc
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Final, TextIO

import click
import turbohtml

from backstamp.app.bench.growth import print_growth, print_memory
from backstamp.app.bench.made_up.newsletters import BASE_URL, SEALER, Newsletter, newsletter, with_attachment
from backstamp.rewriting import Options, plan

_CASES: Final = ((24, 12), (24, 40), (50, 30), (100, 60))
"""KB of the message and links in it."""
_ATTACHMENT_MB: Final = 20


def run(out: TextIO, quick: bool) -> None:
    """Print medians and ratios for several newsletters, and the rate where attachments are the weight.

    pytracking does all its work for each recipient: it is compared with the first copy of a message and with
    one more, for which a plan is only sealed again. It is not among what an installation has: where it is
    missing, the line says so.
    """
    rounds = 15 if quick else 101
    pytracking = _pytracking()
    header = ("message", "links", "ours µs", "sealing again", "email µs", "ratio", "pytracking", "turbohtml")
    print(("{:>18}" * len(header)).format(*header), file=out)
    # As in a worker that has seen bigger mail. Until a process has freed a block of more than 128 KB, glibc
    # gives its memory back after each message and asks for it again (M_TRIM_THRESHOLD, mallopt(3)): 89 page
    # faults and 12 % of the time for 81 KB, which Python's small objects do not pay.
    heavy = with_attachment(newsletter(24 * 1024, 12).raw, (2 if quick else _ATTACHMENT_MB) * 1024 * 1024)
    plan(heavy, Options()).apply(SEALER)
    for kilobytes, links in _CASES:
        letter = newsletter(kilobytes * 1024, links)
        _check_work(letter, links)
        ours, again, round_trip, floor, *peer = _medians(_cases(letter, pytracking), rounds)
        row = (
            f"{len(letter.raw) / 1024:.0f} KB",
            links,
            f"{ours:.0f}",
            f"{again:.0f}",
            f"{round_trip:.0f}",
            f"{ours / round_trip:.2f}",
            f"{peer[0]:.0f} ({peer[0] / ours:.1f}x, {peer[0] / again:.1f}x)" if peer else "not installed",
            f"{floor:.0f}",
        )
        print(("{:>18}" * len(row)).format(*row), file=out)
    ours, round_trip = _medians(
        [lambda: plan(heavy, Options()).apply(SEALER).raw, lambda: _round_trip(heavy)], 3 if quick else 7
    )
    print(
        f"{len(heavy) / 1e6:.0f} MB, attachments: ours {len(heavy) / ours:.0f} MB/s, "
        f"email {len(heavy) / round_trip:.0f} MB/s",
        file=out,
    )
    print_memory(out, quick)
    print_growth(out, quick)


def _check_work(letter: Newsletter, links: int) -> None:
    """See that what is timed is the whole work: a message that a fault of ours leaves as it is costs little.

    Raises `click.ClickException`.
    """
    planned = plan(letter.raw, Options())
    if len(planned.links) != links or not planned.has_pixel:
        raise click.ClickException(
            f"rewrite: {len(planned.links)} of {links} links and {int(planned.has_pixel)} pixel were put in; "
            "a figure would tell nothing. The manifest says why: backstamp rewrite --manifest FILE"
        )


def _cases(letter: Newsletter, pytracking: Callable[[str], str] | None) -> list[Callable[[], object]]:
    raw, html = letter.raw, letter.html
    planned = plan(raw, Options())
    cases: list[Callable[[], object]] = [
        lambda: plan(raw, Options()).apply(SEALER).raw,
        lambda: planned.apply(SEALER).raw,
        lambda: _round_trip(raw),
        lambda: turbohtml.parse(html, source_locations=True),
    ]
    if pytracking is not None:
        cases.append(lambda: pytracking(html))
    return cases


def _medians(cases: list[Callable[[], object]], rounds: int) -> list[float]:
    """Return the median of each case in microseconds of the processor.

    Cases take turns, so that a noisy moment hits all; what else runs meanwhile does not count.
    """
    samples: list[list[float]] = [[] for _ in cases]
    for case in cases:
        case()
    gc.disable()
    try:
        for _ in range(rounds):
            for case, taken in zip(cases, samples, strict=True):
                start = time.thread_time_ns()
                case()
                taken.append((time.thread_time_ns() - start) / 1000)
    finally:
        gc.enable()
    return [statistics.median(taken) for taken in samples]


def _round_trip(raw: bytes) -> bytes:
    """Parse and write without any edit: what a rewriter built on Python's `email` pays at the least."""
    return email.message_from_bytes(raw, policy=email.policy.compat32).as_bytes()


def _pytracking() -> Callable[[str], str] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pytracking import Configuration
            from pytracking.html import adapt_html
    except ModuleNotFoundError:
        return None
    configuration = Configuration(
        base_open_tracking_url=f"{BASE_URL}/open/", base_click_tracking_url=f"{BASE_URL}/click/"
    )
    return lambda html: str(adapt_html(html, {}, configuration=configuration))
