"""words: links whose words show another host than the one they lead to."""

from collections.abc import Iterator

from backstamp.threats.findings import ThreatReason
from backstamp.threats.heuristics.host_looks import Organisation
from backstamp.threats.heuristics.looks import Looks, Sign
from backstamp.threats.heuristics.onward import keeps_target
from backstamp.threats.heuristics.well_known import same_owner
from backstamp.urls.domains import aligned, registrable_domain
from backstamp.urls.parsing import WebUrl
from backstamp.urls.visible import shown_host


def words_signs(looks: Looks, leads_to: list[WebUrl], organisation: Organisation) -> Iterator[Sign]:
    """Yield the first host that the words show and that the link does not lead to in the end.

    `leads_to` are the URL and those to which it is certain to lead on. Nobody is deceived where the end is
    the organisation itself. What shows a brand's host or one's own counts more, unless the link leads to the
    message's own sender, or to a click counter that keeps the target: newsletters show `facebook.com/shop`
    and count the click first.
    """
    shown_hosts = looks.shown_hosts or _shown(looks.text)
    if not shown_hosts:
        return
    end = leads_to[-1].host
    if organisation.looks(end).is_own:
        return
    is_counted = any(aligned(looks.sender_domain, url.host) for url in leads_to) or keeps_target(leads_to[-1])
    for shown in shown_hosts:
        domain = registrable_domain(shown)
        if domain is None or aligned(shown, end) or same_owner(domain, registrable_domain(end)):
            continue
        is_known = organisation.trusts(shown)
        if is_known and not is_counted:
            yield Sign(ThreatReason.TEXT_SHOWS_KNOWN, shown)
            return
        if is_known or not is_counted:
            yield Sign(ThreatReason.TEXT_SHOWS_OTHER, shown)
            return


def _shown(text: str) -> tuple[str, ...]:
    host = shown_host(text) if text else None
    return (host,) if host is not None else ()
