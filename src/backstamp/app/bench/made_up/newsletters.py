"""Messages to measure with, and what seals a copy of them: always the same, made here."""

from base64 import encodebytes
from hashlib import blake2b
from typing import Final

import msgspec

from backstamp.mail.encodings.quoted_printable import encode_quoted_printable
from backstamp.tokens import CopySealer, Keyring

_TEXT: Final = (
    "the quarter report shows steady growth in all regions and we would like to thank everyone who took "
    "part in it your order has left our house and will reach you within three days read more about it"
)

BASE_URL: Final = "https://t.example.com"
SEALER: Final = CopySealer(
    Keyring.create(bytes(32), bytes(32), 0), BASE_URL, domain_id=1, tracking_id=1, recipient_index=0
)


class Newsletter(msgspec.Struct, frozen=True):
    """A message, and its HTML alone."""

    raw: bytes
    html: str


def newsletter(size: int, links: int) -> Newsletter:
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
    return Newsletter(raw, html)


def with_emoji(letter: Newsletter) -> Newsletter:
    """Return the newsletter with one emoji in it: Python keeps such a text in four octets a character."""
    raw = letter.raw.replace(b"<table", b"=F0=9F=98=80<table", 1)
    return Newsletter(raw, letter.html.replace("<table", "\U0001f600<table", 1))


def with_attachment(raw: bytes, size: int) -> bytes:
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
