"""Hits as people's programs and machines send them, for the tests of the verdicts."""

from typing import Any

from backstamp.verdicts import Context, Facts, Verdict, verdict
from backstamp.vocabulary import Hit, HitKind

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/150.0.0.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Safari/605.1.15"
)
MAC_MAIL = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
GMAIL_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_PREFETCH = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)"

BROWSER_CLICK = {
    "user_agent": CHROME,
    "accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "accept_language": "en-GB,en;q=0.9",
    "sec_fetch_mode": "navigate",
    "sec_fetch_dest": "document",
    "sec_fetch_site": "cross-site",
    "sec_fetch_user": "?1",
}
BROWSER_OPEN = {
    "user_agent": CHROME,
    "accept": "image/avif,image/webp,*/*;q=0.8",
    "accept_language": "en-GB,en;q=0.9",
    "sec_fetch_mode": "no-cors",
    "sec_fetch_dest": "image",
}
SAFARI_CLICK = {
    "user_agent": SAFARI,
    "accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "accept_language": "en-GB",
}


def opened(headers: dict[str, str] | str, context: Context | None = None, **facts: Any) -> Verdict:
    """Judge an open; a string is the User-Agent alone."""
    return _judged("open", headers, context, facts)


def clicked(headers: dict[str, str] | str, context: Context | None = None, **facts: Any) -> Verdict:
    """Judge a click; a string is the User-Agent alone."""
    return _judged("click", headers, context, facts)


def _judged(event: Any, headers: Any, context: Context | None, facts: dict[str, Any]) -> Verdict:
    fields = {"user_agent": headers} if isinstance(headers, str) else headers
    facts.setdefault("seconds_since_delivery", 3600.0)
    return verdict(Facts(event=event, headers=fields, **facts), context or Context())


def pixel(at_s: float, **fields: Any) -> Hit:
    """An image hit at that second, by Chrome at source A unless said otherwise."""
    defaults: dict[str, Any] = {"headers": BROWSER_OPEN, "source": b"A" * 8, "recipient_key": b"k" * 8}
    return _hit(HitKind.PIXEL, at_s, defaults | fields)


def link(at_s: float, number: int = 0, **fields: Any) -> Hit:
    """A hit on a link at that second, by Chrome at source A unless said otherwise."""
    defaults: dict[str, Any] = {"headers": BROWSER_CLICK, "source": b"A" * 8, "recipient_index": 0}
    return _hit(HitKind.REDIRECT, at_s, defaults | {"link_number": number} | fields)


def _hit(kind: HitKind, at_s: float, fields: dict[str, Any]) -> Hit:
    defaults: dict[str, Any] = {"at_us": int(at_s * 1e6), "kind": kind, "domain_id": 1, "tracking_id": 7}
    return Hit(**(defaults | fields))
