"""The page before a link: who protects, where it leads, what speaks against it, and what a reader may do.

Everything here is hostile but our own words and the administrator's: it is escaped, hosts are spelled safely.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

import msgspec

from backstamp.edge.deciding.clicks import ASKED_TOO_OFTEN, UNCHECKED, Judged
from backstamp.edge.deciding.policy import NOBODY, Guard
from backstamp.edge.link_pages.asking import LONGEST_TEXT, LinkAct
from backstamp.edge.link_pages.attribution import attribution, is_googles
from backstamp.edge.link_pages.style import STYLE, icon
from backstamp.edge.link_pages.wording import NAMING, WHY, LinkWords, Look, Why
from backstamp.edge.replies.document import document
from backstamp.edge.replies.prepared import Page
from backstamp.policy.clicks import OWN_SOURCE
from backstamp.threats import Finding, ThreatReason
from backstamp.threats.heuristics import SOURCE as LOOKS
from backstamp.threats.safe_spelling import spelled_safely
from backstamp.tokens import LinkToken
from backstamp.urls.layers import layers
from backstamp.urls.parsing import WebUrl, web_url
from backstamp.urls.safe_browsing import expressions
from backstamp.urls.wrappers import wrapper_of
from backstamp.vocabulary import ClickAction, ReaderReportKind

MOST_REASONS: Final = 5
MOST_LISTS: Final = 5
LONGEST_URL: Final = 500
"""Characters of it that are shown; what is wrong with it has been said."""
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+", re.ASCII)
_STATUSES: Final = {
    Look.BLOCKED: 403,
    Look.SWITCHED_OFF: 410,
    Look.WARNED: 403,
    Look.CHECKING: 202,
    Look.UNCHECKED: 503,
    Look.ABANDONED: 503,
}
_LOOKS: Final = {
    ClickAction.BLOCK: Look.BLOCKED,
    ClickAction.WARN: Look.WARNED,
    ClickAction.CHECK: Look.CHECKING,
}
_NO_LISTS: Final = frozenset({LOOKS, OWN_SOURCE, ASKED_TOO_OFTEN.source})


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a page is about.

    `own_domains` are the organisation's, so that nobody's host passes for one of them. `refresh` is where to
    look again, `said` what is asked of the reader now, in plain text.
    """

    token: LinkToken
    judged: Judged = UNCHECKED
    guard: Guard = NOBODY
    own_domains: tuple[str, ...] = ()
    refresh: str = ""
    said: str = ""

    @property
    def look(self) -> Look:
        """The kind of page."""
        if self.judged.killed:
            return Look.SWITCHED_OFF
        return _LOOKS.get(self.judged.action, Look.UNCHECKED)

    @property
    def may_override(self) -> bool:
        """Whether the reader may go on although the link is blocked, with a reason."""
        return self.look is Look.BLOCKED and self.guard.protection.may_override


def link_page(words: LinkWords, shown: Shown) -> Page:
    """Return the page."""
    look = shown.look
    facts = [f"<dl>\n{_lines(_facts(words, shown))}\n</dl>", *_whole_address(words, shown)]
    behind = () if look is Look.CHECKING else _reports(words)
    return _page(
        *(words, shown, look, words.titles[look], words.leads[look]),
        (*_said(shown), *facts, *_administrators_words(shown), *_ways_on(words, shown)),
        behind,
    )


def abandoned_page(words: LinkWords, token: LinkToken) -> Page:
    """Return the page of an edge that knows nothing but its keys: it asks, and could note no report.

    Nobody protects the reader any more, and to try again later is of no use.
    """
    shown, look = Shown(token=token), Look.ABANDONED
    facts = (f"<dl>\n{_lines(_facts(words, shown))}\n</dl>", *_whole_address(words, shown))
    return _page(
        *(words, shown, look, words.titles[look], words.leads[look]), (*facts, *_ways_on(words, shown)), ()
    )


def reported_page(words: LinkWords, shown: Shown, said: str, *, noted: bool) -> Page:
    """Return the page after a report: what became of it is said in plain text."""
    status = 200 if noted else 503
    title = words.report_done if noted else words.report_title
    return _page(words, shown, Look.REPORTED, title, said, (), (), status=status)


def _page(
    words: LinkWords,
    shown: Shown,
    look: Look,
    title: str,
    lead: str,
    content: Iterable[str],
    behind: Iterable[str],
    *,
    status: int = 0,
) -> Page:
    page = shown.guard.protection.page
    rest = _lines(content)
    lines = [
        f'<main class="{look.value}">',
        "" if look is Look.ABANDONED else _protector(words, shown),
        f"<article>\n<header>{icon(look)}\n<h1>{escape(title)}</h1>\n<p>{escape(lead)}</p></header>",
        f'<div class="rest">\n{rest}\n</div>' if rest else "",
        "</article>",
        *behind,
    ]
    if page.contact:
        lines.append(f"<footer><p>{escape(words.contact)} {_contact(page.contact)}</p></footer>")
    lines.append("</main>")
    return document(
        *(status or _STATUSES[look], words.language, title, _lines(lines), STYLE),
        refresh=shown.refresh,
        images=bool(page.logo),
        names_itself=True,
    )


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(filter(None, lines))


def _said(shown: Shown) -> Iterator[str]:
    if shown.said:
        yield f'<p class="said" role="alert">{escape(shown.said)}</p>'


def _whole_address(words: LinkWords, shown: Shown) -> Iterator[str]:
    if shown.look in (Look.WARNED, Look.UNCHECKED):
        url = shown.token.url
        cut = escape(url[:LONGEST_URL]) + ("…" if len(url) > LONGEST_URL else "")
        yield (
            f"<details><summary>{escape(words.whole_address)}</summary>\n"
            f'<p><code><bdi dir="ltr">{cut}</bdi></code></p></details>'
        )


def _administrators_words(shown: Shown) -> Iterator[str]:
    paragraphs = [escape(part) for part in shown.guard.protection.page.text.splitlines() if part.strip()]
    if paragraphs:
        yield '<div class="words"><p dir="auto">' + '</p>\n<p dir="auto">'.join(paragraphs) + "</p></div>"


def _protector(words: LinkWords, shown: Shown) -> str:
    page = shown.guard.protection.page
    if page.organisation:
        # What runs from right to left there, or says that all does, leaves our own words as they are.
        by = escape(words.by).replace("{organisation}", f"<bdi>{escape(page.organisation)}</bdi>")
    else:
        by = escape(words.by_nobody if shown.token.protected else words.by_sender)
    logo = f'<img src="{escape(page.logo)}" alt="">' if page.logo else ""
    return f'<p class="by">{logo}<span>{by}</span></p>'


def _facts(words: LinkWords, shown: Shown) -> Iterator[str]:
    url = web_url(shown.token.url)
    if url is not None:
        for number, host in enumerate(_hosts(url, shown.judged.finding)):
            spelled = spelled_safely(host, shown.own_domains)
            label = words.led_to if shown.judged.killed else words.leads_to
            yield f"<dt>{escape(words.leads_on_to if number else label)}</dt>"
            yield f'<dd><span class="host">{_host(host, shown.own_domains)}</span>'
            if spelled.is_punycode:
                yield f'<br><span class="note">{escape(words.is_punycode)}</span>'
            yield "</dd>"
    reasons = list(_reasons(words, shown))
    if reasons:
        items = "".join(f"<li>{reason}</li>" for reason in reasons)
        yield f"<dt>{escape(words.reason)}</dt>\n<dd><ul>{items}</ul></dd>"
    if not shown.judged.killed and (named := _lists(words, shown.judged.findings)):
        notes = "".join(attribution(words, _in_order(shown.judged)))
        yield f"<dt>{escape(words.named_by)}</dt>\n<dd>{'<br>'.join(named)}{notes}</dd>"


def _hosts(url: WebUrl, finding: Finding | None) -> list[str]:
    """Return the host of a link, and behind it the one that is meant, where that is inside the link."""
    inner = None
    if finding is not None and finding.detail and finding.reason in _LISTED:
        inner = next((each for each in layers(url) if finding.detail in expressions(each.href)), None)
    if inner is None:
        wrapper = wrapper_of(url)
        inner = wrapper.inner if wrapper is not None else None
    return [url.host] if inner is None or inner.host == url.host else [url.host, inner.host]


_LISTED: Final = frozenset({ThreatReason.LISTED_URL, ThreatReason.LISTED_HOST, ThreatReason.LISTED_PREFIX})


def _host(host: str, own_domains: tuple[str, ...]) -> str:
    spelled = spelled_safely(host, own_domains)
    below = escape(spelled.below).replace(".", ".<wbr>")
    domain = escape(spelled.domain)
    if domain.startswith("["):
        domain = domain.replace(":", ":<wbr>")
    return f'<bdi dir="ltr">{below}<strong>{domain}</strong></bdi>'


def _reasons(words: LinkWords, shown: Shown) -> Iterator[str]:
    """Yield sentences as markup, what decided first, each once."""
    said: set[str] = set()
    if shown.look is Look.CHECKING:
        return
    for finding in _in_order(shown.judged):
        why = WHY[finding.reason]
        text = words.why.get(why) or words.listed[finding.threat_type]
        if why is Why.LISTED and is_googles(finding):
            text = words.suspected.get(finding.threat_type, text)
        markup = escape(text)
        if why in NAMING:
            name = spelled_safely(finding.detail).text
            markup = markup.replace("{name}", f'<bdi dir="ltr">{escape(name)}</bdi>')
        if markup not in said and len(said) < MOST_REASONS:
            said.add(markup)
            yield markup


def _in_order(judged: Judged) -> Iterable[Finding]:
    first = () if judged.finding is None else (judged.finding,)
    return dict.fromkeys((*first, *judged.findings))


def _lists(words: LinkWords, findings: Iterable[Finding]) -> list[str]:
    """Return the lists that name a link, each once, with the first day on which it did.

    A bare prefix names clean links too: what it has said is nothing to be shown.
    """
    since: dict[str, int] = {}
    for finding in findings:
        if finding.confirmed and finding.source not in _NO_LISTS:
            known = since.get(finding.source, 0)
            since[finding.source] = min(known, finding.since_us) or max(known, finding.since_us)
    named = []
    for name, at_us in list(since.items())[:MOST_LISTS]:
        text = words.since.replace("{date}", words.day(at_us)) if at_us else "{list}"
        named.append(escape(text.replace("{list}", name)))
    return named


def _ways_on(words: LinkWords, shown: Shown) -> Iterator[str]:
    if shown.look is Look.CHECKING:
        yield f'<p class="go-on"><a href="{escape(shown.refresh)}">{escape(words.look_again)}</a></p>'
    elif shown.look in (Look.WARNED, Look.UNCHECKED):
        hint = f"<p>{escape(words.go_on_hint)}</p>\n" if shown.look is Look.WARNED else ""
        yield f'<form method="post" class="go-on">\n{hint}{_button(LinkAct.GO_ON, words.go_on)}</form>'
    elif shown.may_override:
        yield (
            f'<form method="post" class="go-on">\n<p>{escape(words.override_hint)}</p>\n'
            f"{_text_area('reason', words.override_reason, required=True)}"
            f"{_button(LinkAct.GO_ON, words.override)}</form>"
        )


def _reports(words: LinkWords) -> Iterator[str]:
    yield (
        f'<form method="post" class="tell">\n<h2>{escape(words.report_title)}</h2>\n'
        f"<p>{escape(words.report_hint)}</p>\n<details><summary>{escape(words.report_more)}</summary>\n"
        f"{_text_area('text', words.report_text)}</details>\n<div>"
    )
    yield _button(LinkAct.MISTAKE, words.report[ReaderReportKind.MISTAKE])
    yield _button(LinkAct.PHISHING, words.report[ReaderReportKind.PHISHING])
    yield "</div></form>"


def _button(act: LinkAct, text: str) -> str:
    return f'<button name="act" value="{act.value}">{escape(text)}</button>'


def _text_area(name: str, label: str, *, required: bool = False) -> str:
    needed = " required" if required else ""
    return (
        f'<label for="{name}">{escape(label)}</label>\n'
        f'<textarea id="{name}" name="text" maxlength="{LONGEST_TEXT}"{needed}></textarea>\n'
    )


def _contact(contact: str) -> str:
    shown = escape(contact)
    if _ADDRESS.fullmatch(contact):
        return f'<a href="mailto:{shown}">{shown}</a>'
    return f"<bdi>{shown}</bdi>"
