"""unsubscribe: the fields by which mail programs offer it (RFC 2369 §3.2, RFC 8058 §3.1)."""

import re
from collections.abc import Callable
from typing import Final

import msgspec

from backstamp.mail.header_section import Field, HeaderSection
from backstamp.mail.patches import Patch
from backstamp.urls.parsing import web_url

LIST_UNSUBSCRIBE: Final = b"list-unsubscribe"
LIST_UNSUBSCRIBE_POST: Final = b"list-unsubscribe-post"
_ONE_CLICK: Final = b"List-Unsubscribe=One-Click"
_BRACKETED: Final = re.compile(r"<([^<>]{1,4096})>")
_URL: Final = re.compile(r"<([^<>\s]{1,2048})>")


def list_unsubscribe_urls(header: HeaderSection) -> frozenset[str]:
    """Return the web addresses of List-Unsubscribe as a browser would request them (RFC 2369, RFC 8058)."""
    urls = [
        web_url("".join(match[1].split()))
        for field in header.all(LIST_UNSUBSCRIBE)
        for match in _BRACKETED.finditer(field.value)
    ]
    return frozenset(url.href for url in urls if url is not None)


class UnsubscribePlace(msgspec.Struct, frozen=True):
    """Where in the raw message the fields go, how its lines end, and whether one click is offered."""

    at: int
    line_end: bytes
    one_click: bool

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of the fields, in lower case."""
        names = (LIST_UNSUBSCRIBE, LIST_UNSUBSCRIBE_POST) if self.one_click else (LIST_UNSUBSCRIBE,)
        return tuple(name.decode() for name in names)

    def patch(self, url: str) -> Patch:
        """Return the insertion."""
        lines = [b"List-Unsubscribe: <" + url.encode("ascii") + b">"]
        if self.one_click:
            lines.append(b"List-Unsubscribe-Post: " + _ONE_CLICK)
        return Patch(self.at, self.at, b"".join(line + self.line_end for line in lines))


def unsubscribe_place(raw: bytes, header: HeaderSection, *, one_click: bool) -> UnsubscribePlace | None:
    """Return where the fields go, or None where the message may say something of the kind itself.

    A header section that a stray line ended may go on below it for other readers.
    """
    if not header.fields or not header.orderly or header.cut:
        return None
    if header.all(LIST_UNSUBSCRIBE) or header.all(LIST_UNSUBSCRIBE_POST):
        return None
    first = header.fields[0]
    end = raw[first.start : first.end]
    line_end = b"\n" if end.endswith(b"\n") and not end.endswith(b"\r\n") else b"\r\n"
    return UnsubscribePlace(first.start, line_end, one_click)


def added_fields(header: HeaderSection, reader: Callable[[str], str | None]) -> list[Field]:
    """Return the fields that we added: the address is of our sealing, and the other stands right below."""
    found: list[Field] = []
    for place, field in enumerate(header.fields):
        if field.name != LIST_UNSUBSCRIBE:
            continue
        match = _URL.fullmatch(field.value)
        if match is None or reader(match[1]) != "":
            continue
        found.append(field)
        found += [
            below
            for below in header.fields[place + 1 : place + 2]
            if below.name == LIST_UNSUBSCRIBE_POST and below.value == _ONE_CLICK.decode()
        ]
    return found
