"""header_base: the base that a message's header gives its HTML parts (RFC 2110 §4.1, RFC 2557 §5)."""

from typing import Final

from backstamp.mail.header_section import HeaderSection
from backstamp.mail.structure import Part
from backstamp.urls.other_schemes import joined_address
from backstamp.urls.parsing import TWO_SLASHES, web_url

_BASE: Final = b"content-base"
_LOCATION: Final = b"content-location"
_DROPPED: Final = str.maketrans("", "", ' \t\r\n\f\v"')
"""White space and quotes: Thunderbird makes `<base href>` of the rest (mailnews/mime/src/mimethtm.cpp)."""


def header_base(root: Part, path: str) -> str | None:
    """Return the base URL of the part at `path` by its header and those of the multiparts around it.

    Content-Base goes before Content-Location, and a relative one is read against the one around it. None
    where the header gives no address with a host.
    """
    part = root
    base = _of_header(part.header, None)
    for number in path.split(".")[1:]:
        # A message inside a message stands for itself.
        around = base if part.is_multipart else None
        part = part.children[int(number) - 1]
        base = _of_header(part.header, around)
    return base


def _of_header(header: HeaderSection, around: str | None) -> str | None:
    found: dict[bytes, str] = {}
    for field in header.fields:
        if field.name in (_BASE, _LOCATION):
            found.setdefault(field.name, field.value.translate(_DROPPED))
    written = found.get(_BASE) or found.get(_LOCATION)
    if not written:
        return around
    url = web_url(written, around)
    if url is not None:
        return url.href
    # With a base of another scheme a relative link leads to a share; so does one without on Windows.
    without_scheme = written if written.startswith(TWO_SLASHES) else None
    return joined_address(written, around or written) or without_scheme
