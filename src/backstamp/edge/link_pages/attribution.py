"""attribution: what a warning by a list of Google's must say besides, by the terms of its use.

Safe Browsing (https://developers.google.com/safe-browsing/terms and reference/Appropriate.Usage) and Web Risk
(https://cloud.google.com/web-risk/docs/user-warnings) want the same: a qualified warning, a link to learn
more, the line "Advisory provided by Google" with a link to the advisory, and a notice that nothing is
certain. None of it may stand in a warning that comes from elsewhere.
"""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from backstamp.edge.link_pages.wording import LinkWords
from backstamp.threats import Finding
from backstamp.vocabulary import Feed, ThreatType

ADVISORIES: Final = {
    Feed.SAFE_BROWSING.value: "https://developers.google.com/safe-browsing/v4/advisory",
    Feed.WEB_RISK.value: "https://cloud.google.com/web-risk/docs/advisory",
}
_SEARCH_HELP: Final = "https://developers.google.com/search/docs/monitor-debug/security/"
_MORE: Final = {ThreatType.PHISHING: f"{_SEARCH_HELP}social-engineering"}
_MORE_ELSE: Final = f"{_SEARCH_HELP}malware"
"""Malware and unwanted software are explained on one page."""


def is_googles(finding: Finding) -> bool:
    """Whether a list of Google's names the link for certain: the prefix of a hash names clean ones too."""
    return finding.confirmed and finding.source in ADVISORIES


def attribution(words: LinkWords, findings: Iterable[Finding]) -> Iterator[str]:
    """Yield, as markup, what must be said besides; nothing where no list of Google's speaks."""
    theirs = [finding for finding in findings if is_googles(finding)]
    if not theirs:
        return
    advisories = dict.fromkeys(ADVISORIES[finding.source] for finding in theirs)
    more = dict.fromkeys(_MORE.get(finding.threat_type, _MORE_ELSE) for finding in theirs)
    links = [_link(url, words.advisory) for url in advisories]
    links += [_link(url, words.learn_more) for url in more]
    yield f'<p class="note">{escape(words.not_certain)} {" · ".join(links)}</p>'


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}" rel="noreferrer">{escape(text)}</a>'
