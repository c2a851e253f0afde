"""targets: what a click on a link would request, read against its base, as mail programs and browsers do."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.reporting.manifest import Carrier
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.text.text_addresses import INVISIBLE
from backstamp.urls.other_schemes import joined_address
from backstamp.urls.parsing import TWO_SLASHES, WebUrl, scheme_of, strip_link_text, web_url

_WEB: Final = frozenset({"http", "https"})
_SCHEME_REASONS: Final = {
    "mailto": SkipReason.MAILTO,
    "tel": SkipReason.TELEPHONE,
    "sms": SkipReason.TELEPHONE,
    "callto": SkipReason.TELEPHONE,
    "cid": SkipReason.CONTENT_ID,
    "mid": SkipReason.CONTENT_ID,
    "data": SkipReason.DATA_URL,
    "javascript": SkipReason.SCRIPT,
    "vbscript": SkipReason.SCRIPT,
    "about": SkipReason.INVALID_URL,
}
_DATA_WITHOUT_LINKS: Final = re.compile(r"data:(?:image/(?!svg)|audio/|video/|font/)", re.IGNORECASE)
_ASKED_OVER_HTTP: Final = re.compile(
    r"[/\\]{2}[^\s/\\@]+@(?:SSL(?:@[0-9]{1,5})?|[0-9]{1,5})[/\\]", re.IGNORECASE
)
"""A share as Windows asks for it (`\\\\host@SSL@8443\\share`): to a browser the host would be a user."""
_ABSOLUTE: Final = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:|https?:[/\\]{2}|[/\\]{2}", re.IGNORECASE)
"""What a base changes nothing of but the scheme."""
_LONGEST_BASE: Final = 2083
"""As long as Internet Explorer took URLs (INTERNET_MAX_URL_LENGTH). Each link is read with its base: 20,000
with one of 100,000 characters took 18 s.
"""
_IN_A_BROWSER: Final = "https://webmail.invalid/"
"""A program that is a web page itself reads `//example.com` with its scheme; others see no web address."""
_INVISIBLE: Final = "".join(INVISIBLE)
_BESIDE_IPV6: Final = re.compile(
    rf"\A(https?:[/\\]*)[{_INVISIBLE}]*(\[[0-9a-f:.]+\])[{_INVISIBLE}]*", re.IGNORECASE
)
_UNSEEN: Final = re.compile(r"[^\x21\x23-\x26\x28-\x3b\x3d\x3f-\x5f\x61-\x7e]+")
"""What is neither seen in an address nor a part of one: all outside ASCII, blanks, quotes, angle brackets."""
_SCHEME_OF_WEB: Final = re.compile(r"[(\[{]?https?:[/\\]", re.IGNORECASE)
_LONGEST_BEGINNING: Final = 60


class Target(NamedTuple):
    """What a click on a link would request (None: nothing), and why that is not wrapped, or not known.

    `address` is what a base of another scheme makes of a relative link, or the base that names a host without
    a scheme.
    """

    url: WebUrl | None
    reason: SkipReason | None
    address: str = ""


def target_of(link: FoundLink, base: str | None, encoding: str, *, longest: int, outbound: bool) -> Target:
    """Return where a link leads.

    Args:
        link: as it was found.
        base: of its document, as that is written; None without one.
        encoding: of its document (WHATWG name, lower case).
        longest: so many characters may a link have.
        outbound: whether the mail is sent: a place in the message is one there, whatever the base says.
    """
    base = link.base or base
    text = strip_link_text(link.value)
    url, reason = _resolved(text, link.carrier, base, encoding, longest=longest, outbound=outbound)
    if reason is SkipReason.RELATIVE_URL:
        address = joined_address(link.value, base or "")
        return Target(url, SkipReason.OTHER_SCHEME if address else reason, address)
    if reason is SkipReason.HOST_WITHOUT_SCHEME and not _has_two_slashes(text):
        return Target(url, reason, strip_link_text(base or ""))
    return Target(url, reason)


def _resolved(
    text: str, carrier: Carrier, base: str | None, encoding: str, *, longest: int, outbound: bool
) -> tuple[WebUrl | None, SkipReason | None]:
    if base is not None and len(base) > _LONGEST_BASE:
        if _ABSOLUTE.match(text) is None and not (outbound and text[:1] in ("", "#")):
            return None, SkipReason.URL_TOO_LONG
        base = None
    web_base, doubt = _web_base(base), None
    if web_base is None and (_has_two_slashes(text) or _has_two_slashes(base)):
        web_base, doubt = _web_base(base, _IN_A_BROWSER), SkipReason.HOST_WITHOUT_SCHEME
        if web_base is None and _has_two_slashes(text):
            web_base = _IN_A_BROWSER
    if (not text or text.startswith("#")) and (base is None or outbound):
        return web_url(text, web_base, encoding=encoding), SkipReason.FRAGMENT
    if len(text) > longest:
        return None, SkipReason.URL_TOO_LONG
    if _ASKED_OVER_HTTP.match(text) is not None:
        return None, SkipReason.HOST_WITHOUT_SCHEME
    scheme = scheme_of(text)
    if scheme and scheme not in _WEB:
        return None, _scheme_reason(scheme, text, carrier)
    url = None
    if scheme:
        url = web_url(text, web_base if doubt is None else None, encoding=encoding)
        if url is None and web_base is not None and doubt is not None:
            # `https:%20` is no address, but a path where the page around gives the base its scheme.
            url = web_url(text, web_base, encoding=encoding)
        else:
            doubt = None
    elif web_base is not None:
        url = web_url(text, web_base, encoding=encoding)
    if url is not None:
        too_long = len(url.href) > longest
        return url, SkipReason.URL_TOO_LONG if too_long else doubt
    if scheme:
        # In text another address may begin inside, which some programs make a link of.
        glued = text.count("://") > 1
        # Chromium drops what nobody sees beside an IPv6 address.
        url = web_url(_BESIDE_IPV6.sub(r"\1\2", text, count=1), encoding=encoding)
        return url, SkipReason.UNLOCATED if glued else SkipReason.INVALID_URL
    if _has_two_slashes(text) or text[:4].lower() == "www.":
        return None, SkipReason.HOST_WITHOUT_SCHEME
    return None, SkipReason.INVALID_URL if _begins_unseen(text) else SkipReason.RELATIVE_URL


def _scheme_reason(scheme: str, text: str, carrier: Carrier) -> SkipReason:
    """Return why an address of another scheme is left alone: in a frame, data are a document with links."""
    if scheme == "data" and carrier is Carrier.FRAME and not _DATA_WITHOUT_LINKS.match(text):
        return SkipReason.NESTED_DOCUMENT
    return _SCHEME_REASONS.get(scheme, SkipReason.OTHER_SCHEME)


def _begins_unseen(text: str) -> bool:
    """Whether a web address is left of a relative one without blanks, invisible letters and quotes.

    Some programs trim more than the standard does, or drop null bytes.
    """
    beginning = text[:_LONGEST_BEGINNING]
    return ":" in beginning and _SCHEME_OF_WEB.match(_UNSEEN.sub("", beginning)) is not None


def _has_two_slashes(text: str | None) -> bool:
    return text is not None and strip_link_text(text).startswith(TWO_SLASHES)


@lru_cache(maxsize=16)
def _web_base(base: str | None, around: str | None = None) -> str | None:
    """Return a document's base as a URL, as it is shown `around` there; None where it is no web address."""
    url = web_url(strip_link_text(base), around) if base is not None else None
    return url.href if url is not None else None
