"""The doors through which foreign octets come in: each takes any octets, and checks what holds behind it."""

from collections.abc import Callable
from functools import partial
from typing import Final

from backstamp.mail.structure import Part, StructureLimits, parse_structure
from backstamp.rewriting import Manifest, unwrap
from tests.rewriting.fuzz.invariants import NOBODY, Ways, every_way, message_holds, one_way
from tests.rewriting.fuzz.payloads import editing_holds
from tests.rewriting.sealers import BASE

_HTML: Final = (
    b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
    b"Content-Type: text/html\n\n",
    b"Content-Type: text/html; charset=shift_jis\nContent-Transfer-Encoding: quoted-printable\n\n",
    b"Content-Type: text/html; charset=gb18030\r\nContent-Transfer-Encoding: binary\r\n\r\n",
)
_TEXT: Final = (
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n",
    b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n",
    b"Content-Type: text/plain; format=flowed; charset=iso-8859-1\n\n",
    b"Content-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: quoted-printable\n\n",
)
MANIFEST_BELOW: Final = b"\n%%%manifest%%%\n"
"""Stands between a message and the JSON of its manifest in the octets for `unwrapping`."""


def structure(data: bytes) -> None:
    """The part tree of a message lies in it: every part within its parent, one after the other."""
    try:
        root = parse_structure(data, StructureLimits())
    except ValueError:
        # More parts than allowed.
        return
    assert (root.path, root.header.start, root.end) == ("1", 0, len(data))
    stack: list[Part] = [root]
    while stack:
        part = stack.pop()
        header = part.header
        assert header.start <= header.end <= part.body_start <= part.end
        position = header.start
        for field in header.fields:
            assert position <= field.start < field.end <= header.end
            position = field.end
        position = part.body_start
        for number, child in enumerate(part.children, 1):
            assert child.path == f"{part.path}.{number}"
            assert position <= child.header.start <= child.end <= part.end
            position = child.end
        stack += part.children


def html(data: bytes, ways: Ways = one_way) -> None:
    """HTML in a fixed message; the first octet chooses charset and encoding."""
    whole(_HTML[data[0] % len(_HTML) if data else 0] + data[1:], ways)


def text(data: bytes, ways: Ways = one_way) -> None:
    """Plain text in a fixed message; the first octet chooses charset, encoding and format."""
    whole(_TEXT[data[0] % len(_TEXT) if data else 0] + data[1:], ways)


def whole(data: bytes, ways: Ways = one_way) -> None:
    """A whole message."""
    message_holds(data, ways(data))


def unwrapping(data: bytes) -> None:
    """A message that says it is ours, and a manifest that says it fits: only `ValueError` for the JSON."""
    raw, _, json = data.partition(MANIFEST_BELOW)
    assert isinstance(unwrap(raw, _opens_anything), bytes)
    try:
        manifest = Manifest.from_json(json)
    except ValueError:
        return
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert isinstance(unwrap(raw, NOBODY, manifest), bytes)
    assert isinstance(unwrap(raw, _opens_anything, manifest), bytes)


def payloads(data: bytes) -> None:
    """An encoded body that is edited."""
    editing_holds(data)


def _opens_anything(url: str) -> str | None:
    if not url.startswith(BASE):
        return None
    return "" if url.startswith(f"{BASE}/P") else f"https://example.com/{url[len(BASE) + 1 :]}?a=1&b='2'"


HARNESSES: Final[dict[str, Callable[[bytes], None]]] = {
    harness.__name__: harness for harness in (structure, html, text, whole, unwrapping, payloads)
}
THOROUGH: Final[dict[str, Callable[[bytes], None]]] = HARNESSES | {
    harness.__name__: partial(harness, ways=every_way) for harness in (html, text, whole)
}
"""The same, where time is no matter."""
