"""registry: the rule for a URL, found by its host and not by trying one rule after the other."""

import re
from functools import lru_cache
from typing import Final

from backstamp.urls.parsing import WebUrl
from backstamp.urls.wrappers.protections import PROTECTIONS
from backstamp.urls.wrappers.redirectors import REDIRECTORS
from backstamp.urls.wrappers.rules import Rule
from backstamp.urls.wrappers.trackers import TRACKERS

_RULES: Final = (*PROTECTIONS, *REDIRECTORS, *TRACKERS)
_MAX_HOST: Final = 254
"""RFC 1035, section 3.1: 253 characters, and the root's dot; longer ones would only fill the cache."""
_SECOND_LEVELS: Final = ("co", "com")
"""Where a vendor has domains like `google.co.uk`, the third label tells more."""


def rule_for(url: WebUrl) -> Rule | None:
    """Return the rule whose host and path are those of the URL.

    The host's rules are cached: most hosts have none, and a message's links share few hosts. Services on the
    customers' own hosts are told by what their paths hold, which costs a search for each of five.
    """
    href = url.href
    rules = _rules_of_host(url.host) if len(url.host) <= _MAX_HOST else ()
    for marker, rule in _BY_MARKER:
        if marker in href:
            rules = (*rules, rule)
    for rule in rules:
        if rule.path is None or rule.path.fullmatch(_path_of(href)):
            return rule
    return None


def ordinary_hosts(urls: list[WebUrl]) -> frozenset[str]:
    """Return those hosts of some URLs at which none of these URLs can be a wrapper.

    Asked for all links of a message at once: its links share few hosts, and the markers are looked for in all
    URLs together, where `rule_for` takes 0.25 µs for each.
    """
    together = "\n".join([url.href for url in urls])
    if any(marker in together for marker, _ in _BY_MARKER):
        return frozenset()
    hosts = {url.host for url in urls}
    return frozenset(host for host in hosts if len(host) <= _MAX_HOST and not _rules_of_host(host))


def _path_of(href: str) -> str:
    path = href[href.index("/", 8) :]
    return path.partition("#")[0].partition("?")[0]


def _domain_of(host: str) -> str:
    labels = host.split(".")
    if len(labels) > 2 and labels[-2] in _SECOND_LEVELS:
        return ".".join(labels[-3:])
    return ".".join(labels[-2:])


def _host_pattern(glob: str) -> str:
    subdomain = glob.startswith("*.")
    pattern = re.escape(glob.removeprefix("*.")).replace(r"\*", "[a-z0-9-]*")
    return rf"(?:[^.]+\.)+{pattern}" if subdomain else pattern


def _index() -> dict[str, tuple[tuple[str, Rule], ...]]:
    """Return what may match the hosts of a domain, by the domain; few of the patterns are ever compiled."""
    index: dict[str, tuple[tuple[str, Rule], ...]] = {}
    for rule in _RULES:
        by_domain: dict[str, list[str]] = {}
        for glob in rule.hosts:
            by_domain.setdefault(_domain_of(glob), []).append(_host_pattern(glob))
        for domain, patterns in by_domain.items():
            index[domain] = (*index.get(domain, ()), ("|".join(patterns), rule))
    return index


_BY_MARKER: Final = tuple((rule.marker, rule) for rule in _RULES if rule.marker)
_BY_DOMAIN: Final = _index()


@lru_cache(maxsize=4096)
def _rules_of_host(host: str) -> tuple[Rule, ...]:
    host = host.removesuffix(".")
    return tuple(
        rule for pattern, rule in _BY_DOMAIN.get(_domain_of(host), ()) if re.fullmatch(pattern, host)
    )
