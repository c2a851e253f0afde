"""`backstamp bench rewrite`: the rewriting engine beside its peers, in one run on the same messages."""

import email
import email.policy
import gc
import statistics
import time
import warnings
from base64 import encodebytes
from collections.abc import Callable
from hashlib import blake2b
from typing import Final, TextIO

import msgspec
import turbohtml

from backstamp.mail.quoted_printable import encode_quoted_printable
from backstamp.rewriting import Options, plan
from backstamp.tokens import CopySealer, Keyring

_BASE_URL: Final = "https://t.example.com"
_CASES: Final = ((24, 12), (24, 40), (50, 30), (100, 60))
"""KB of the message and links in it."""
_ATTACHMENT_MB: Final = 20
_TEXT: Final = (
    "the quarter report shows steady growth in all regions and we would like to thank everyone who took "
    "part in it your order has left our house and will reach you within three days read more about it"
)


class _Newsletter(msgspec.Struct, frozen=True):
    raw: bytes
    html: str


def run(out: TextIO, quick: bool) -> None:
    """Print medians and ratios for several newsletters, and the rate where attachments are the weight."""
    rounds = 15 if quick else 101
    pytracking = _pytracking()
    header = ("message", "links", "ours µs", "sealing again", "email µs", "ratio", "pytracking", "turbohtml")
    print(("{:>14}" * len(header)).format(*header), file=out)
    for kilobytes, links in _CASES:
        letter = _newsletter(kilobytes * 1024, links)
        ours, again, round_trip, peer, floor = _medians(_cases(letter, pytracking), rounds)
        row = (
            f"{len(letter.raw) / 1024:.0f} KB",
            links,
            f"{ours:.0f}",
            f"{again:.0f}",
            f"{round_trip:.0f}",
            f"{ours / round_trip:.2f}",
            f"{peer:.0f} ({peer / ours:.1f}x)",
            f"{floor:.0f}",
        )
        print(("{:>14}" * len(row)).format(*row), file=out)
    heavy = _with_attachment(_newsletter(24 * 1024, 12).raw, (2 if quick else _ATTACHMENT_MB) * 1024 * 1024)
    ours, round_trip = _medians(
        [lambda: plan(heavy, Options()).apply(_SEALER).raw, lambda: _round_trip(heavy)], 3 if quick else 7
    )
    print(
        f"{len(heavy) / 1e6:.0f} MB, attachments: ours {len(heavy) / ours:.0f} MB/s, "
        f"email {len(heavy) / round_trip:.0f} MB/s",
        file=out,
    )


_SEALER: Final = CopySealer(
    Keyring.create(bytes(32), bytes(32), 0), _BASE_URL, domain_id=1, tracking_id=1, recipient_index=0
)


def _cases(letter: _Newsletter, pytracking: Callable[[str], str]) -> list[Callable[[], object]]:
    raw, html = letter.raw, letter.html
    planned = plan(raw, Options())
    return [
        lambda: plan(raw, Options()).apply(_SEALER).raw,
        lambda: planned.apply(_SEALER).raw,
        lambda: _round_trip(raw),
        lambda: pytracking(html),
        lambda: turbohtml.parse(html, source_locations=True),
    ]


def _medians(cases: list[Callable[[], object]], rounds: int) -> list[float]:
    """Return the median of each case in microseconds; cases take turns, so that a noisy moment hits all."""
    samples: list[list[float]] = [[] for _ in cases]
    for case in cases:
        case()
    gc.disable()
    try:
        for _ in range(rounds):
            for case, taken in zip(cases, samples, strict=True):
                start = time.perf_counter_ns()
                case()
                taken.append((time.perf_counter_ns() - start) / 1000)
    finally:
        gc.enable()
    return [statistics.median(taken) for taken in samples]


def _round_trip(raw: bytes) -> bytes:
    """Parse and write without any edit: what a rewriter built on Python's `email` pays at the least."""
    return email.message_from_bytes(raw, policy=email.policy.compat32).as_bytes()


def _pytracking() -> Callable[[str], str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pytracking import Configuration
        from pytracking.html import adapt_html
    configuration = Configuration(
        base_open_tracking_url=f"{_BASE_URL}/open/", base_click_tracking_url=f"{_BASE_URL}/click/"
    )
    return lambda html: str(adapt_html(html, {}, configuration=configuration))


def _newsletter(size: int, links: int) -> _Newsletter:
    """Return a multipart/alternative newsletter of about `size` octets, always the same."""
    rows: list[str] = []
    per_link = int(size * 0.62 / links)
    for number in range(links):
        mark = blake2b(b"%d" % number, digest_size=6).hexdigest()
        words = _TEXT * (per_link // len(_TEXT) + 1)
        rows.append(
            '<tr><td style="padding:12px 24px;font-family:Helvetica,Arial,sans-serif;color:#333333">\r\n'
            f'<p style="margin:0 0 8px 0;line-height:1.5">{words[: max(20, per_link - 330)]}</p>\r\n'
            f'<a href="https://www.example.com/news/{number}/{mark}?utm_source=letter&amp;utm_id={mark}" '
            'style="color:#1155cc;text-decoration:underline">Read more</a></td></tr>\r\n'
        )
    html = (
        '<!doctype html>\r\n<html><head><meta charset="utf-8"><title>News</title></head>\r\n<body>'
        f'<table role="presentation" width="600">\r\n{"".join(rows)}</table>\r\n</body></html>\r\n'
    )
    text = (f"{_TEXT} " * (size // 1200)).replace(" the ", "\r\nthe ") + "\r\n"
    raw = (
        b"From: News <news@example.com>\r\nTo: reader@example.org\r\nSubject: News of the week\r\n"
        b"Message-ID: <bench@example.com>\r\nDate: Mon, 02 Jun 2025 08:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/alternative; boundary="=_bench"\r\n\r\n--=_bench\r\n'
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + encode_quoted_printable(text.encode(), b"\r\n")
        + b"\r\n--=_bench\r\nContent-Type: text/html; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        + encode_quoted_printable(html.encode(), b"\r\n")
        + b"\r\n--=_bench--\r\n"
    )
    return _Newsletter(raw, html)


def _with_attachment(raw: bytes, size: int) -> bytes:
    """Return the newsletter with an attachment of `size` encoded octets beside it."""
    header, _, body = raw.partition(b"\r\n\r\n")
    head, _, content_type = header.rpartition(b"\r\n")
    block = encodebytes(bytes(range(256)) * 228).replace(b"\n", b"\r\n")
    return (
        head
        + b'\r\nContent-Type: multipart/mixed; boundary="=_mixed"\r\n\r\n--=_mixed\r\n'
        + content_type
        + b"\r\n\r\n"
        + body
        + b"\r\n--=_mixed\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + block * (size // len(block))
        + b"--=_mixed--\r\n"
    )
