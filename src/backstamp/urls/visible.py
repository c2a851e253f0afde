"""visible: the host that a link's own words show, where these words are a web address themselves.

Such words promise where the link leads. Filters and mail programs compare the promise with the target, so
that a tracking host behind it looks like phishing.
"""

import re
import unicodedata
from typing import Final

from backstamp.urls.domains import has_known_suffix
from backstamp.urls.parsing import web_url

_MAX_TEXT: Final = 300
"""Nobody reads further to find the host."""
_JOINERS: Final = "\u200c\u200d"
# Unicode's Default_Ignorable_Code_Point without the joiners, which some scripts need in a label (RFC 5892).
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# The dots of RFC 3490, section 3.1; compatibility decomposition makes `.` of the full-width one only.
_DOTS: Final = str.maketrans("\u3002\uff61", "..")
_MAY_SHOW_HOST: Final = re.compile("[.:\u2024\u3002\ufe52\ufe55\uff0e\uff1a\uff61]")
"""What a browser takes for a dot or a colon."""
_SCHEME: Final = re.compile(r"(?:url:\s*)?https?:\s*[/\\]+\s*", re.IGNORECASE)
_AUTHORITY_END: Final = re.compile(r"[\s/\\?#<>\"\u00ab\u00bb\u2018-\u201f\u2039\u203a]")
_NAME: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_NO_ORNAMENT: Final = frozenset("/\\@#~$%&=+.")


def shown_host(text: str) -> str | None:
    """Return the host that a link's visible words show: `example.com` for `https://example.com/x »`.

    A text shows a host where it *begins* with a web address: with `http(s)://`, with `www.`, or with a host
    and a slash; or where it is a host alone whose suffix is on the Public Suffix List. White space, ornaments
    and quotes around it do not count, and neither do invisible characters, full-width forms or case. The host
    is that of a browser: lower case, A-labels. None for all else. Never raises; only the first 300 characters
    behind leading white space are read.

    "Visit example.com today" shows none, and neither does "example.com today". Thunderbird looks only at
    texts that begin with `http:` or `https:` (PhishingDetector.sys.mjs, misMatchedHostWithLinkText), Rspamd
    at texts with a URL at their very beginning (html_url_is_phished); what Gmail does is not published.
    Rspamd takes a bare host with words behind it too. We do not: such words are mostly a brand
    ("Booking.com Genius"). A file's name whose ending is a suffix (`report.zip`) is a host here, as it is
    where programs make links.
    """
    if text.isascii() and "." not in text and ":" not in text:
        # Most links' words, at a third of what the search costs.
        return None
    if _MAY_SHOW_HOST.search(text) is None:
        return None
    text = text.lstrip()
    cut = len(text) > _MAX_TEXT
    text = text[:_MAX_TEXT]
    if text.isascii():
        return _host(text, cut)
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(_DOTS)
    host = _host(text, cut)
    if host is None and any(joiner in text for joiner in _JOINERS):
        host = _host(text.translate(dict.fromkeys(map(ord, _JOINERS))), cut)
    return host


def _host(text: str, cut: bool) -> str | None:
    start = 0
    while start < len(text) and _is_ornament(text[start]) and text[start] not in _NO_ORNAMENT:
        start += 1
    scheme = _SCHEME.match(text, start)
    if scheme is not None:
        start = scheme.end()
    delimiter = _AUTHORITY_END.search(text, start)
    if delimiter is None and cut:
        # The rest of the host may have been cut off.
        return None
    end = delimiter.start() if delimiter is not None else len(text)
    authority = _authority(text[start:end])
    if not authority or (scheme is None and ("." not in authority or "@" in authority)):
        return None
    url = web_url(f"http://{authority}/")
    if url is None:
        return None
    host = url.host.removesuffix(".")
    if scheme is not None:
        return host or None
    if not _NAME.fullmatch(host):
        return None
    if host.startswith("www.") and host.count(".") > 1:
        return host
    return host if has_known_suffix(host) and _is_alone(text[end:]) else None


def _authority(text: str) -> str:
    """Return the text without the punctuation at its end."""
    if text.startswith("["):
        return text.partition("]")[0] + "]"
    end = len(text)
    while end and _is_ornament(text[end - 1]):
        end -= 1
    return text[:end]


def _is_alone(rest: str) -> bool:
    """Whether what follows a host is a path, a query, or no words."""
    if rest[:1] in {"/", "\\"}:
        return True
    if rest[:1] in {"?", "#"} and not rest[1:2].isspace():
        return True
    return all(map(_is_ornament, rest))


def _is_ornament(character: str) -> bool:
    """Whether it is punctuation, a symbol, white space or a control: no letter, digit or mark of a name."""
    return unicodedata.category(character)[0] in "PSZC"
