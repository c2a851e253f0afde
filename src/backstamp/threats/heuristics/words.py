"""words: links whose words show another host than the one they lead to."""

from collections.abc import Iterator

from backstamp.threats.findings import ThreatReason
from backstamp.threats.heuristics.host_looks import is_trusted
from backstamp.threats.heuristics.looks import Looks, Sign
from backstamp.threats.heuristics.well_known import same_owner
from backstamp.urls.domains import aligned, registrable_domain
from backstamp.urls.visible import shown_host
from backstamp.urls.wrappers import wrapper_of


def words_signs(looks: Looks, targets: list[str]) -> Iterator[Sign]:
    """Yield the first host that the words show and that the link does not lead to.

    `targets` are the hosts of the URL and of those inside it. Nobody is deceived where the link leads to the
    organisation itself. What shows a brand's host or one's own counts more, unless the link leads to the
    message's own sender: newsletters show `facebook.com/shop` and count the click first.
    """
    hosts = looks.shown_hosts or _shown(looks.text)
    for host in hosts:
        domain = registrable_domain(host)
        if domain is None or any(
            aligned(host, target) or same_owner(domain, registrable_domain(target)) for target in targets
        ):
            continue
        if any(aligned(targets[-1], own) for own in looks.own_domains):
            continue
        to_sender = looks.sender_domain != "" and any(aligned(looks.sender_domain, host) for host in targets)
        if is_trusted(host, looks.own_domains):
            known = not to_sender and wrapper_of(looks.url) is None
            yield Sign(ThreatReason.TEXT_SHOWS_KNOWN if known else ThreatReason.TEXT_SHOWS_OTHER, host)
            return
        if not to_sender and wrapper_of(looks.url) is None:
            yield Sign(ThreatReason.TEXT_SHOWS_OTHER, host)
            return


def _shown(text: str) -> tuple[str, ...]:
    host = shown_host(text) if text else None
    return (host,) if host is not None else ()
