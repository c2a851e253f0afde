"""other_text_readings: addresses in plain text that only Thunderbird sees, which drops characters from it.

It passes over null characters wherever they stand (mailnews/mime/src/nsStreamConverter.cpp), and over blanks
between double quotes or angle brackets, and form feeds in any address (mozTXTToHTMLConv, `StripWhitespace`).
"""

import re
from itertools import islice
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.reporting.manifest import Carrier
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.text.flowed import Flow, Unflowed
from backstamp.rewriting.text.text_links import find_text_links
from backstamp.urls.parsing import web_url

_DROPPED: Final = re.compile(r"\0+|(?<=\S)\f+(?=\S)")
_MOST_DROPPED: Final = 1000
_MOST: Final = 200
_BLANK: Final = r"[ \t\f]*"
_QUOTED: Final = re.compile(
    r"([\"<])((?:URL:)?[\x01-\x09\x0b\x0c\x0e-\x20]*"
    + _BLANK.join("http")
    + rf"{_BLANK}(?:s{_BLANK})?:[^<>\"\r\n]*)(?=[\">])",
    re.IGNORECASE,
)
"""It begins with the sign itself: to look behind each character takes twice as long."""
_SEEN_BY_ALL: Final = re.compile(r"(?:URL:)?[ \t]*https?:[^\s`]*[ \t]*", re.IGNORECASE)
_BEFORE_ADDRESS: Final = re.compile(r"(?:URL:)?[ \t]*", re.IGNORECASE)
_BLANKS: Final = re.compile(r"[ \t\f]+")
_OVER: Final = re.compile(r"[\0\f \t`]")
_URL_PREFIX: Final = re.compile(r"\AURL:", re.IGNORECASE)


def other_text_links(text: str, flow: Flow) -> list[FoundLink] | None:
    """Return the addresses that only such a reading shows, in doubt; None where too much is dropped.

    Those that the text holds as it stands are among them only where they go on behind what is dropped.
    """
    if "\0" not in text and "\f" not in text:
        return quoted_addresses(text)
    if next(islice(_DROPPED.finditer(text), _MOST_DROPPED, None), None) is not None:
        return None
    view = Unflowed.without(text, _DROPPED)
    found: list[FoundLink] = []
    if view.joints:
        found = find_text_links(view.text, **flow)
    found += quoted_addresses(view.text)
    for link in found:
        link.start, link.end = view.source_span(link.start, link.end)
        link.doubt = SkipReason.UNLOCATED
    return [link for link in found if _goes_over(text, link)][:_MOST]


def quoted_addresses(text: str) -> list[FoundLink]:
    """Return the addresses between double quotes or angle brackets that are one without blanks only."""
    found: list[FoundLink] = []
    for match in _QUOTED.finditer(text):
        opened, piece = match.groups()
        alike = opened == ("<" if text[match.end()] == ">" else text[match.end()])
        if not alike or _SEEN_BY_ALL.fullmatch(piece):
            continue
        value = _URL_PREFIX.sub("", _BLANKS.sub("", piece), count=1)
        url = web_url(value)
        if url is not None and "." in url.host:
            link = FoundLink(*match.span(2), value, Carrier.TEXT, doubt=SkipReason.UNLOCATED)
            found.append(link)
        if len(found) == _MOST:
            break
    return found


def address_begins(text: str, link: FoundLink) -> int:
    """Return where the words of such an address begin to be one for all, behind `URL:` and blanks."""
    before = _BEFORE_ADDRESS.match(text, link.start)
    assert before is not None, "it matches nothing too"
    return before.end()


def _goes_over(text: str, link: FoundLink) -> bool:
    """Whether something that is dropped stands in the link, or a blank."""
    return _OVER.search(text, link.start, link.end) is not None
