"""allowances: what was alerted is allowed since, by an administrator; channels that heard of it hear that."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Final

from django.db.models import Q

from backstamp.policy import EVERYBODY, LinkWord, OwnList, OwnWord, link_word
from backstamp.records.alerting.raising import tell_together
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.models import Alert, AlertPerson, OwnListEntry
from backstamp.records.protection.as_policy import killed_expressions, own_lists
from backstamp.tokens.address_spelling import one_spelling
from backstamp.urls.parsing import WebUrl, web_url

MOST_LOOKED_AT: Final = 5_000
"""Of all alerts the newest, and as many of those before whose URL spells one of the hosts: to look at the URL
of one takes a tenth of a millisecond."""
MOST_HOSTS: Final = 100
"""In a query; the older alerts of more than that are not looked for."""


def tell_allowed(entries: Collection[OwnListEntry], now: datetime) -> int:
    """Let channels hear of the alerts whose links some entries of own lists allow; return of how many.

    Each once: an alert keeps the entry by which it is allowed, until that is taken off its list. What a
    narrower list blocks or a kill switches off is allowed by nobody. `now` is aware UTC.
    """
    by_alert = {alert: entry.pk for alert, entry in _found(entries)}
    with one_at_a_time():
        there = OwnListEntry.objects.in_bulk(by_alert.values())
        alerts = Alert.objects.filter(pk__in=list(by_alert), allowance=None).order_by("-pk")
        told = [alert for alert in alerts if by_alert[alert.pk] in there]
        for alert in told:
            alert.allowance = there[by_alert[alert.pk]]
        Alert.objects.bulk_update(told, ["allowance"], batch_size=500)
        return tell_together(told, now)


def is_of_mailbox(entry: OwnListEntry) -> bool:
    """Whether an entry stands on the list of a mailbox; else on that of a domain, or everybody's."""
    return "@" in entry.scope_name


def _found(entries: Collection[OwnListEntry]) -> Iterator[tuple[int, OwnListEntry]]:
    """Yield the numbers of alerts whose links entries allow, each with one that does."""
    by_digest: dict[bytes, list[OwnListEntry]] = defaultdict(list)
    for entry in entries:
        by_digest[bytes(entry.digest)].append(entry)
    lists, killed = own_lists(), killed_expressions()
    for alert in _to_look_at({entry.expression.partition("/")[0] for entry in entries}):
        url = web_url(alert.url)
        if url is None:
            continue
        word = _word(url, lists, alert.domain)
        if not killed.isdisjoint(word.digests):
            continue
        named = [entry for digest in word.digests for entry in by_digest.get(digest, ())]
        yield from ((alert.pk, each) for each in named if _allows(each, alert, url, word, lists))


def _to_look_at(hosts: Collection[str]) -> Iterator[Alert]:
    alerts = Alert.objects.filter(allowance=None).exclude(url="").order_by("-pk")
    newest = list(alerts[:MOST_LOOKED_AT])
    yield from newest
    if len(newest) == MOST_LOOKED_AT and len(hosts) <= MOST_HOSTS:
        spelled = reduce(or_, (Q(url__contains=host) for host in hosts))
        yield from alerts.filter(spelled, pk__lt=newest[-1].pk)[:MOST_LOOKED_AT]


def _word(url: WebUrl, lists: Mapping[str, OwnList], *scopes: str) -> LinkWord:
    """Return what own lists say of a URL, those of some scopes and then everybody's."""
    return link_word(
        url, None, [lists[each] for each in dict.fromkeys((*scopes, EVERYBODY)) if each in lists]
    )


def _allows(
    entry: OwnListEntry, alert: Alert, url: WebUrl, word: LinkWord, lists: Mapping[str, OwnList]
) -> bool:
    """Whether it is by this entry that the alert's link leads on; `word` is what the domain's lists say."""
    if is_of_mailbox(entry):
        in_mailbox = _word(url, lists, entry.scope, alert.domain)
        return in_mailbox.own is OwnWord.ALLOWED and _is_alone(entry.scope_name, alert)
    return entry.scope in (EVERYBODY, alert.domain) and word.own is OwnWord.ALLOWED


def _is_alone(address: str, alert: Alert) -> bool:
    """Whether there is this mailbox in an alert, and nobody else."""
    people = AlertPerson.objects.filter(alert=alert).order_by().values_list("address", flat=True).distinct()
    return {one_spelling(each) for each in people} == {one_spelling(address)}
