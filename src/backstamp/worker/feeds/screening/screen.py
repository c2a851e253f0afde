"""Which entries of a feed are believed, and the expression under which each is listed.

A feed is made by strangers, in a hurry, and what it lists is blocked for everybody. So no feed lists a public
suffix, a host where very many people keep harmless things, or a host of our own; a page there it may list.
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from backstamp.threats.heuristics.well_known import BRANDS
from backstamp.urls.domains import registrable_domain
from backstamp.urls.safe_browsing import host_expression, is_address, names_host, url_expression
from backstamp.worker.feeds.lists.entries import Drop, Entry, EntryKind, FeedError, Tally

_LONGEST_EXPRESSION: Final = 4096
_NO_UTF_8: Final = re.compile(r"[\ud800-\udfff]")
"""Octets of another charset, of which nobody says which (`Unpacked.lines`)."""


class Screen:
    """Knows what must not be listed.

    `own_hosts` are this installation's. `trusted`: the list is the administrator's own, who may well mean
    what a feed may not: then only entries that are none, and the installation's own hosts, are left out.
    """

    def __init__(self, own_hosts: Iterable[str], *, trusted: bool = False) -> None:
        self._own = frozenset(host.lower() for host in own_hosts)
        self._above_own = _above(self._own)
        self._trusted = trusted

    def expression(self, entry: Entry) -> str | Drop:
        """Return the expression that lists the entry, or why it is not listed. Never raises."""
        if _NO_UTF_8.search(entry.text):
            return Drop.MALFORMED
        expression = (url_expression if entry.kind is EntryKind.URL else host_expression)(entry.text)
        if expression is None or len(expression) > _LONGEST_EXPRESSION:
            return Drop.MALFORMED
        host, _, path = expression.partition("/")
        if not names_host(host):
            return Drop.MALFORMED
        if host in self._own or (not path and host in self._above_own):
            return Drop.OWN
        if self._trusted:
            return expression
        names_much = not path or (path.endswith("/") and "?" not in path)
        if names_much and is_well_known(host):
            return Drop.WELL_KNOWN
        if not path and not is_address(host):
            if registrable_domain(host) is None:
                return Drop.PUBLIC_SUFFIX
            if host in _well_known().above:
                return Drop.WELL_KNOWN
        return expression


def believed(entries: Iterable[Entry], screen: Screen, tally: Tally, most: int) -> set[str]:
    """Return the expressions of entries, and count what is left out. Raises FeedError beyond `most`."""
    found: set[str] = set()
    for entry in entries:
        expression = screen.expression(entry)
        if isinstance(expression, Drop):
            tally[expression] += 1
        else:
            found.add(expression)
            if len(found) > most:
                raise FeedError(f"it has more than {most} entries")
    return found


class _WellKnown(NamedTuple):
    hosts: frozenset[str]
    with_all_below: frozenset[str]
    above: frozenset[str]


def is_well_known(host: str) -> bool:
    """Whether very many people keep harmless things on a host; it is in lower case and A-labels."""
    known = _well_known()
    if host in known.hosts or host.removeprefix("www.") in known.hosts:
        return True
    return any(suffix in known.with_all_below for suffix in _suffixes(host))


@cache
def _well_known() -> _WellKnown:
    lines = resources.files(__package__).joinpath("well_known_hosts.txt").read_text("ascii").splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    hosts = frozenset(name.removeprefix(".") for name in names)
    hosts |= {domain for brand in BRANDS for domain in brand.domains}
    return _WellKnown(hosts, frozenset(name[1:] for name in names if name.startswith(".")), _above(hosts))


def _above(hosts: frozenset[str]) -> frozenset[str]:
    """Return the domains that the hosts lie in: to list one of them lists a host, too."""
    return frozenset(suffix for host in hosts for suffix in _suffixes(host))


def _suffixes(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[first:]) for first in range(1, len(labels))]
