"""link_policy: whether a found link is wrapped, and with which target, or why not."""

import re
from functools import lru_cache
from typing import Final

import msgspec

from backstamp.rewriting.deciding.merge_tags import holds_merge_tag
from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.options import Options
from backstamp.rewriting.reporting.manifest import Carrier
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.rewriting.text.text_addresses import INVISIBLE
from backstamp.urls.domains import aligned
from backstamp.urls.other_schemes import joined_address
from backstamp.urls.parsing import (
    TWO_SLASHES,
    WebUrl,
    host_is_within,
    plain_web_urls,
    scheme_of,
    strip_link_text,
    web_url,
)
from backstamp.urls.visible import shown_host
from backstamp.urls.wrappers import Wrapper, WrapperKind, ordinary_hosts, unwrap_foreign, wrapper_of
from backstamp.vocabulary import Direction, VisibleUrls

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
_NEVER: Final = {
    Carrier.FORM: SkipReason.FORM,
    Carrier.FORMACTION: SkipReason.FORM,
    Carrier.SRCDOC: SkipReason.NESTED_DOCUMENT,
}
_NO_ADDRESS: Final = frozenset({SkipReason.RELATIVE_URL, SkipReason.INVALID_URL})
_ORDINARY: Final = frozenset({Carrier.A, Carrier.TEXT})
_INBOUND_ONLY: Final = {
    Carrier.FRAME: SkipReason.FRAME,
    Carrier.MATHML: SkipReason.MATHML,
    Carrier.META_REFRESH: SkipReason.META_REFRESH,
    Carrier.SRCDOC: SkipReason.NESTED_DOCUMENT,
}


class Decided(msgspec.Struct, gc=False):
    """A link, what a click on it would request (None: nothing), and why it is left alone (None: wrap it).

    `inner_url` is the address inside another vendor's wrapper; `number` that of a wrapped link. `holds_place`
    says that a link which is not wrapped has a number all the same. `address` is what a base of another
    scheme makes of a relative one, or the base that names a host without a scheme.
    """

    link: FoundLink
    url: WebUrl | None
    reason: SkipReason | None
    inner_url: str = ""
    number: int | None = None
    holds_place: bool = False
    address: str = ""


class LinkPolicy:
    """Decides on links, by the options and the message's own unsubscribe addresses.

    `marked_in_html` are the URLs that its HTML marks: in sent mail its plain text leaves them alone, too.
    `marked_urls` are those that were met.
    """

    def __init__(
        self, options: Options, unsubscribe_urls: frozenset[str], marked_in_html: frozenset[str] = frozenset()
    ) -> None:
        self._options = options
        self._outbound = options.direction is Direction.OUTBOUND
        self._unsubscribe_urls = unsubscribe_urls
        self._marked_in_html = marked_in_html
        self.marked_urls: set[str] = set()
        # Programs make `https` of `http`, and the other way round.
        self._own_prefixes = tuple(
            f"{scheme}://{prefix.partition('://')[2]}"
            for prefix in options.own_prefixes
            for scheme in ("https", "http")
        )
        self._own_hosts = [url.host for url in map(web_url, options.own_prefixes) if url is not None]
        self._links_left = options.limits.links

    def decide(self, links: list[FoundLink], base: str | None, encoding: str) -> list[Decided]:
        """Decide on the links of a document with this base and in this encoding (WHATWG name, lower case).

        Nearly all links of mail are ordinary ones: what could speak against those is asked once for all, and
        a link takes 1.1 µs instead of 1.7.
        """
        urls = plain_web_urls([link.value for link in links])
        wrapped = self._wrapped_hosts([url for url in urls if url is not None])
        longest = self._options.limits.link_characters
        decided: list[Decided] = []
        for link, url in zip(links, urls, strict=True):
            if (
                url is not None
                and url.host in wrapped
                and link.carrier in _ORDINARY
                and not link.marked_off
                and link.doubt is None
                and link.levels == 1
                and "." not in link.label
                and self._links_left
                and len(url.href) <= longest
                and not ("%" in link.value and self._is_to_be_filled_in(link))
            ):
                self._links_left -= 1
                decided.append(Decided(link, url, None))
            else:
                decided.append(self._decide_one(link, url, base, encoding))
        return decided

    def decide_in_order(self, links: list[FoundLink], base: str | None, encoding: str) -> list[Decided]:
        """Decide on links that should ascend: one that begins within another before it is `unlocated`."""
        decided = self.decide(links, base, encoding)
        end = 0
        for link, each in zip(links, decided, strict=True):
            if link.start < end:
                each.reason = each.reason or SkipReason.UNLOCATED
            end = link.end
        return decided

    def leave(
        self, links: list[FoundLink], base: str | None, encoding: str, reason: SkipReason
    ) -> list[Decided]:
        """Return where links lead that stay as they are: for this reason, where no harmless one is nearer."""
        room = self._links_left
        decided = self.decide(links, base, encoding)
        self._links_left = room
        for each in decided:
            if each.reason is None or each.reason.unprotected:
                each.reason = reason
        return decided

    def _wrapped_hosts(self, urls: list[WebUrl]) -> frozenset[str]:
        """Return hosts of which these URLs are wrapped, unless a link itself gives reason not to."""
        options = self._options
        if not options.links:
            return frozenset()
        spared = self._unsubscribe_urls | self._marked_in_html
        if spared and not spared.isdisjoint([url.href for url in urls]):
            return frozenset()
        if self._own_prefixes and any(url.href.startswith(self._own_prefixes) for url in urls):
            return frozenset()
        hosts = ordinary_hosts(urls)
        if options.excluded_hosts:
            hosts = frozenset(host for host in hosts if not host_is_within(host, options.excluded_hosts))
        return hosts

    def _decide_one(self, link: FoundLink, url: WebUrl | None, base: str | None, encoding: str) -> Decided:
        """Decide on a link; `url` is what it means where nobody needs to be asked."""
        reason, address = None, ""
        if url is None or len(url.href) > self._options.limits.link_characters:
            url, reason = self._resolve(
                strip_link_text(link.value), link.carrier, link.base or base, encoding
            )
        if reason is SkipReason.RELATIVE_URL:
            address = joined_address(link.value, link.base or base or "")
            reason = SkipReason.OTHER_SCHEME if address else reason
        elif reason is SkipReason.HOST_WITHOUT_SCHEME and not _has_two_slashes(link.value):
            address = strip_link_text(link.base or base or "")
        wrapper = wrapper_of(url) if url is not None else None
        if reason is None and url is not None:
            reason = self._objection(link, url, wrapper)
        if reason in _NO_ADDRESS and self._is_to_be_filled_in(link):
            reason = SkipReason.MERGE_TAG
        if link.carrier in _NEVER:
            reason = _NEVER[link.carrier]
        # Where a host is excluded the policy of others who get the same mail may differ, and its links are
        # known by their numbers: those of one message must be the same in all copies.
        holds_place = reason is SkipReason.EXCLUDED_HOST and not self._outbound and self._links_left > 0
        if reason is None and not self._links_left:
            reason = SkipReason.TOO_MANY_LINKS
        if reason is None or holds_place:
            self._links_left -= 1
        inner_url = unwrap_foreign(url.href) if wrapper is not None and url is not None else None
        return Decided(link, url, reason, inner_url or "", holds_place=holds_place, address=address)

    def _resolve(
        self, text: str, carrier: Carrier, base: str | None, encoding: str
    ) -> tuple[WebUrl | None, SkipReason | None]:
        if base is not None and len(base) > _LONGEST_BASE:
            if _ABSOLUTE.match(text) is None and not (self._outbound and text[:1] in ("", "#")):
                return None, SkipReason.URL_TOO_LONG
            base = None
        web_base, doubt = _web_base(base), None
        if web_base is None and (_has_two_slashes(text) or _has_two_slashes(base)):
            web_base, doubt = _web_base(base, _IN_A_BROWSER), SkipReason.HOST_WITHOUT_SCHEME
            if web_base is None and _has_two_slashes(text):
                web_base = _IN_A_BROWSER
        if (not text or text.startswith("#")) and (base is None or self._outbound):
            return web_url(text, web_base, encoding=encoding), SkipReason.FRAGMENT
        if len(text) > self._options.limits.link_characters:
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
            too_long = len(url.href) > self._options.limits.link_characters
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

    def _objection(self, link: FoundLink, url: WebUrl, wrapper: Wrapper | None) -> SkipReason | None:
        if link.doubt is not None:
            return link.doubt
        options = self._options
        if self._own_prefixes and url.href.startswith(self._own_prefixes):
            return SkipReason.OWN_LINK
        if self._outbound:
            # The author of received mail has no say in its protection, nor has its header.
            if url.href in self._unsubscribe_urls:
                return SkipReason.UNSUBSCRIBE_LINK
            if link.marked_off:
                self.marked_urls.add(url.href)
                return SkipReason.MARKED_OFF
            if link.carrier is Carrier.TEXT and url.href in self._marked_in_html:
                return SkipReason.MARKED_OFF
            if self._is_to_be_filled_in(link):
                return SkipReason.MERGE_TAG
            if link.carrier in _INBOUND_ONLY:
                return _INBOUND_ONLY[link.carrier]
            if link.levels > 1:
                return SkipReason.NESTED_DOCUMENT
            if wrapper is not None and wrapper.kind is WrapperKind.PROTECTIVE:
                return SkipReason.FOREIGN_WRAPPER
            if "." in link.label and self._shows_another_domain(link.label):
                return SkipReason.VISIBLE_URL
        if options.excluded_hosts and host_is_within(url.host, options.excluded_hosts):
            return SkipReason.EXCLUDED_HOST
        return None if options.links else SkipReason.LINKS_OFF

    def _is_to_be_filled_in(self, link: FoundLink) -> bool:
        """Whether a relay may yet fill something in, which it could not do in a sealed link."""
        return self._outbound and holds_merge_tag(link.value)

    def _shows_another_domain(self, words: str) -> bool:
        """Whether the words are a web address beside which our URL would look like a forgery."""
        policy = self._options.visible_urls
        shown = None if policy is VisibleUrls.REWRITE else shown_host(words)
        if shown is None:
            return False
        return policy is VisibleUrls.KEEP or not self.is_ours(shown)

    def is_ours(self, host: str) -> bool:
        """Whether one of our tracking hosts has the registrable domain of a host."""
        return any(aligned(host, own) for own in self._own_hosts)


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
