"""link_policy: whether a found link is wrapped, and with which target, or why not."""

from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.manifest import Carrier
from backstamp.rewriting.options import Options
from backstamp.rewriting.reasons import SkipReason
from backstamp.urls.parsing import WebUrl, host_is_within, scheme_of, strip_link_text, web_url
from backstamp.urls.wrappers import is_protective_wrapper
from backstamp.vocabulary import Direction

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
_NEVER: Final = {
    Carrier.FORM: SkipReason.FORM,
    Carrier.FORMACTION: SkipReason.FORM,
    Carrier.META_REFRESH: SkipReason.META_REFRESH,
    Carrier.SRCDOC: SkipReason.NESTED_DOCUMENT,
}
_INBOUND_ONLY: Final = {Carrier.FRAME: SkipReason.FRAME, Carrier.MATHML: SkipReason.MATHML}


class LinkPolicy:
    """Decides link by link, by the options and the message's own unsubscribe addresses."""

    def __init__(self, options: Options, unsubscribe_urls: frozenset[str]) -> None:
        self._options = options
        self._outbound = options.direction is Direction.OUTBOUND
        self._unsubscribe_urls = unsubscribe_urls
        self._wrapped = 0

    def decide(self, link: FoundLink, base: str | None) -> tuple[WebUrl | None, SkipReason | None]:
        """Return what a click would request (None where nothing) and why it is left alone (None: wrap it)."""
        text = strip_link_text(link.value)
        url, reason = self._resolve(text, base)
        if reason is None and url is not None:
            reason = self._objection(link, url)
        if link.carrier in _NEVER:
            reason = _NEVER[link.carrier]
        if reason is None:
            if self._wrapped >= self._options.limits.links:
                return url, SkipReason.TOO_MANY_LINKS
            self._wrapped += 1
        return url, reason

    def _resolve(self, text: str, base: str | None) -> tuple[WebUrl | None, SkipReason | None]:
        if not text or text.startswith("#"):
            return None, SkipReason.FRAGMENT
        if len(text) > self._options.limits.link_characters:
            return None, SkipReason.URL_TOO_LONG
        scheme = scheme_of(text)
        if scheme and scheme not in _WEB:
            return None, _SCHEME_REASONS.get(scheme, SkipReason.OTHER_SCHEME)
        url = web_url(text, base) if scheme or base is None else _against_base(text, base)
        if url is not None:
            too_long = len(url.href) > self._options.limits.link_characters
            return url, SkipReason.URL_TOO_LONG if too_long else None
        if scheme:
            return None, SkipReason.INVALID_URL
        if text.startswith(("//", "\\\\", "/\\", "\\/")) or text[:4].lower() == "www.":
            return None, SkipReason.HOST_WITHOUT_SCHEME
        return None, SkipReason.RELATIVE_URL

    def _objection(self, link: FoundLink, url: WebUrl) -> SkipReason | None:
        options = self._options
        if options.own_prefixes and url.href.startswith(options.own_prefixes):
            return SkipReason.OWN_LINK
        if url.href in self._unsubscribe_urls:
            return SkipReason.UNSUBSCRIBE_LINK
        if self._outbound:
            # The author of received mail has no say in its protection.
            if link.marked_off:
                return SkipReason.MARKED_OFF
            if is_protective_wrapper(url):
                return SkipReason.FOREIGN_WRAPPER
            if link.carrier in _INBOUND_ONLY:
                return _INBOUND_ONLY[link.carrier]
        if options.excluded_hosts and host_is_within(url.host, options.excluded_hosts):
            return SkipReason.EXCLUDED_HOST
        return None if options.links else SkipReason.LINKS_OFF


def _against_base(text: str, base: str) -> WebUrl | None:
    whole_base = web_url(strip_link_text(base))
    return web_url(text, whole_base.href) if whole_base is not None else None
