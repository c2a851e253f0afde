"""Block and warn pages as readers will see them, for the console, which knows nothing of the edge."""

from typing import Final

from backstamp.console.config import PagePreview
from backstamp.edge.deciding.clicks import Judged
from backstamp.edge.deciding.policy import Guard
from backstamp.edge.link_pages.languages import LINK_WORDS
from backstamp.edge.link_pages.page import Shown, link_page
from backstamp.policy import Protection
from backstamp.threats import Finding, ThreatReason
from backstamp.tokens import LinkToken
from backstamp.vocabulary import ClickAction, ThreatType

_LINK: Final = LinkToken(
    key_id=0,
    domain_id=0,
    tracking_id=0,
    recipient_index=None,
    link_number=0,
    url="https://login.your-bank.example.evil.example/account?id=1",
    protected=True,
)
_FINDINGS: Final = {
    ClickAction.BLOCK: Finding(ThreatType.PHISHING, ThreatReason.LISTED_HOST, "urlhaus", "evil.example/"),
    ClickAction.WARN: Finding(
        ThreatType.SUSPICIOUS, ThreatReason.DOMAIN_IN_HOST, "heuristics", "your-bank.example"
    ),
}


def page_preview(domain: str, protection: Protection, action: ClickAction, language: str) -> PagePreview:
    """Return the page that a made-up link gets; `action` is block or warn, `language` one that pages have."""
    finding = _FINDINGS[action]
    shown = Shown(token=_LINK, judged=Judged(action, finding, (finding,)), guard=Guard(domain, protection))
    page = link_page(LINK_WORDS[language], shown)
    policy = dict(page.headers)["content-security-policy"]
    return PagePreview(text=page.body.decode(), policy=f"{policy}; sandbox")
