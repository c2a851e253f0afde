"""How memory and time of the rewriting engine grow with a message, hostile ones included."""

import gc
import math
import time
from collections.abc import Callable
from typing import Final, TextIO

from backstamp.app.bench.made_up.newsletters import SEALER, newsletter, with_attachment, with_emoji
from backstamp.app.bench.peak import peak_memory
from backstamp.rewriting import Direction, Options, plan

MOST_OF_MESSAGE: Final = 4
"""Times a message's size that its rewriting may need of memory where attachments are its weight."""
MOST_OF_HTML: Final = 12
"""Times the decoded HTML's size that rewriting may need of memory where text is a message's weight."""
_MEGABYTE: Final = 1024 * 1024
_INBOUND: Final = Options(direction=Direction.INBOUND, opens=False)
_HTML: Final = b"Content-Type: text/html; charset=utf-8\r\n\r\n"
_TEXT: Final = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
_QUOTED: Final = (
    b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
)
_SMALL: Final = newsletter(24 * 1024, 12).raw
_MULTIPART: Final = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'

_GROWING: Final[tuple[tuple[str, int, Callable[[int], bytes]], ...]] = (
    ("links, newsletter", 1_000, lambda n: newsletter(400 * n, n).raw),
    ("links on one line", 1_000, lambda n: _HTML + b"<a href=https://example.com/>x</a>" * n),
    (
        "links, quoted-printable",
        1_000,
        lambda n: _QUOTED + b'<a href=3D"https://example.com/">x</a>=\r\n' * n,
    ),
    ("links in text", 1_000, lambda n: _TEXT + b"https://example.com/ " * n),
    ("parts", 200, lambda n: _MULTIPART + b"--b\r\n\r\nhttps://example.com/\r\n" * n + b"--b--\r\n"),
    ("header fields", 2_000, lambda n: b"A: b\r\n" * n + _HTML + b"<a href=https://example.com/>x</a>"),
    ("elements left open", 5_000, lambda n: _HTML + b"<div>" * n + b"<a href=https://example.com/>x"),
    ("unclosed quotes", 5_000, lambda n: _HTML + b"<a href='" * n),
    ("nested SVG links", 500, lambda n: _HTML + b"<svg>" + b"<a href=https://example.com/>" * n),
    (
        "conditional comments",
        200,
        lambda n: _HTML + b"<!--[if mso]><a href=https://example.com/>x</a><![endif]-->" * n,
    ),
    ("soft line breaks", 20_000, lambda n: _QUOTED + b"=\r\n" * n + b"<a href=3Dhttps://example.com/>x</a>"),
    ("near delimiters", 10_000, lambda n: _MULTIPART + b"--bb\r\n" * n),
    ("brackets in text", 20_000, lambda n: _TEXT + b"(" * n + b"http://a.example/" + b")" * n),
    ("www. without end", 10_000, lambda n: _TEXT + b"www." * n),
)


def print_memory(out: TextIO, quick: bool) -> None:
    """Print the peak of memory beside the size of what was rewritten."""
    size = 4 if quick else 50
    heavy = with_attachment(_SMALL, size * _MEGABYTE)
    peak = peak_memory(heavy)
    print(
        f"memory, {len(heavy) / 1e6:.0f} MB of attachments: {peak / len(heavy):.1f} x the message "
        f"(allowed: {MOST_OF_MESSAGE})",
        file=out,
    )
    megabytes = 1 if quick else 4
    # What the kernel counts of a process's memory is up to half a megabyte off, a tenth of a smaller one's.
    sparse, dense = newsletter(megabytes * _MEGABYTE, 500 * megabytes), newsletter(4 * _MEGABYTE, 8_000)
    for letter, links, signs in (
        (sparse, 500 * megabytes, ""),
        (dense, 8_000, ""),
        (with_emoji(dense), 8_000, ", and an emoji"),
    ):
        html = len(letter.html.encode())
        print(
            f"memory, {html / 1e6:.1f} MB of HTML with a link in {html // links:,} octets{signs}: "
            f"{peak_memory(letter.raw) / html:.1f} x the decoded HTML (allowed: {MOST_OF_HTML})",
            file=out,
        )


def print_growth(out: TextIO, quick: bool) -> None:
    """Print what four times as much costs: linear is 4 and power 1, quadratic 16 and power 2."""
    print(f"{'four times as many':>26}{'bytes':>12}{'ms':>10}{'grows':>10}{'power':>8}", file=out)
    for name, count, make in _GROWING:
        few, many = make(count), make(4 * count)
        small, big = _least(few, quick), _least(many, quick)
        power = f"{math.log(big / small, 4):.2f}"
        print(f"{name:>26}{len(many):>12,}{big * 1000:>10.1f}{big / small:>9.1f}x{power:>8}", file=out)
    size = (4 if quick else 100) * _MEGABYTE
    raw = with_attachment(_SMALL, size)
    print(f"{'attachments':>26}{len(raw):>12,}{_least(raw, quick) * 1000:>10.1f}", file=out)


def _least(raw: bytes, quick: bool) -> float:
    """Return the least seconds of several rounds, in both directions together.

    Three rounds at least, and more while they are short: one noisy moment would look like growth.
    """
    best = float("inf")
    rounds, left = 0, 0.1 if quick else 1.0
    gc.disable()
    try:
        while rounds < 3 or left > 0:
            start = time.perf_counter()
            plan(raw, Options()).apply(SEALER)
            plan(raw, _INBOUND).apply(SEALER)
            taken = time.perf_counter() - start
            best = min(best, taken)
            rounds, left = rounds + 1, left - taken
    finally:
        gc.enable()
    return best
