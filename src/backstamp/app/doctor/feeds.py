"""How old the lists of dangerous URLs are, and whether those in the DNS answer."""

import asyncio
from collections.abc import Iterator

from backstamp.app.doctor.findings import Finding, good, note
from backstamp.app.settings import Settings
from backstamp.app.wiring.feeds import feeds_config
from backstamp.worker.feeds.keeping.copies import ListStore
from backstamp.worker.feeds.keeping.standing import is_stale, standing_of
from backstamp.worker.feeds.providers.dns_lists import Trouble, verdict_of
from backstamp.worker.feeds.providers.dns_lists.asking import DnsError, DnsResolver


def feeds(settings: Settings) -> Iterator[Finding]:
    """Are the lists that are on as new as they should be?"""
    config = feeds_config(settings)
    states = [
        (source, standing_of(ListStore(config.directory, source.name)).state) for source in config.sources
    ]
    for source, state in states:
        if is_stale(source, state):
            why = f": {state.why}" if state.why else ""
            had = "is older than it should be" if state.checked_at else "was never had"
            yield note(
                "feeds", f"the list {source.name} {had}{why}", f"run: backstamp feeds refresh {source.name}"
            )
    fresh = [source.name for source, state in states if not is_stale(source, state)]
    if fresh:
        yield good("feeds", f"lists of dangerous URLs are new: {', '.join(fresh)}")


def dns_lists(settings: Settings) -> Iterator[Finding]:
    """Do the DNS lists that are on answer us?"""
    config = feeds_config(settings)
    for dns_list in config.dns_lists:
        resolver = DnsResolver(config.resolver)
        try:
            answer = asyncio.run(resolver.addresses(dns_list.test_name))
            unlisted = asyncio.run(resolver.addresses(dns_list.unlisted_name))
        except DnsError as error:
            yield note(dns_list.name, str(error), "check the resolver: feeds.resolver, or the system's")
            continue
        verdict = verdict_of(dns_list.form, answer.addresses)
        if verdict.trouble is Trouble.REFUSES:
            yield note(
                dns_list.name,
                "it refuses to answer, so that nothing is listed",
                "set feeds.resolver to a resolver of your own, or get a key (docs/feeds.md)",
            )
        elif verdict_of(dns_list.form, unlisted.addresses).threat_types:
            yield note(
                dns_list.name,
                f"{Trouble.EVERYTHING}, so that nothing of it counts",
                "check the resolver, and whether the list still exists; switch it off otherwise",
            )
        elif not verdict.threat_types:
            yield note(
                dns_list.name,
                "it does not know its own test entry",
                "check the key, and whether the resolver lets its answers (127.0.0.0/8) through",
            )
        else:
            yield good(dns_list.name, "answers")
