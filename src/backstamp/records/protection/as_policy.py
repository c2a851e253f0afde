"""Protection of received mail, as administrators set it: from the tables to the policy snapshot."""

from collections import defaultdict
from collections.abc import Mapping

from backstamp.policy import (
    ClickAddresses,
    OnKnownBad,
    OnUnprotected,
    OwnList,
    PageWords,
    Protection,
    ProtectionMode,
)
from backstamp.records.models import ExpressionKill, OwnListEntry, ProtectedDomain, ProtectionException
from backstamp.vocabulary import ClickAction, ThreatType

Fingerprint = tuple[object, ...]


def protections() -> dict[int, Protection]:
    """Return what is done for the domains that have a row, by the domain's number."""
    exceptions: dict[int, list[ProtectionException]] = defaultdict(list)
    for exception in ProtectionException.objects.all():
        exceptions[exception.domain_id].append(exception)
    return {row.pk: _protection(row, exceptions[row.pk]) for row in ProtectedDomain.objects.all()}


def own_lists() -> dict[str, OwnList]:
    """Return the administrators' own lists by scope."""
    found: dict[str, dict[str, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for scope, kind, digest in OwnListEntry.objects.values_list("scope", "kind", "digest"):
        found[scope][kind].add(bytes(digest))
    kinds = OwnListEntry.Kind
    return {
        scope: OwnList(frozenset(lists[kinds.ALLOWED]), frozenset(lists[kinds.BLOCKED]))
        for scope, lists in found.items()
    }


def killed_expressions() -> frozenset[bytes]:
    """Return the hosts and URLs that are switched off everywhere."""
    return frozenset(bytes(digest) for digest in ExpressionKill.objects.values_list("digest", flat=True))


def fingerprint() -> Fingerprint:
    """Return a value that differs when anything here would say something else."""
    return (
        tuple(ProtectedDomain.objects.order_by("pk").values_list("pk", "changed_at")),
        *(
            (model.objects.count(), model.objects.order_by("-pk").values_list("pk", flat=True).first())
            for model in (ProtectionException, OwnListEntry, ExpressionKill)
        ),
    )


def known_actions(stored: Mapping[str, str]) -> dict[ThreatType, ClickAction]:
    """Return what a row says of the kinds of threat that are known here.

    A newer version may have written others: without them there is a policy, and with an error none.
    """
    threats, actions = frozenset(ThreatType), frozenset(ClickAction)
    return {
        ThreatType(threat): ClickAction(action)
        for threat, action in stored.items()
        if threat in threats and action in actions
    }


def _protection(row: ProtectedDomain, exceptions: list[ProtectionException]) -> Protection:
    kinds = ProtectionException.Kind
    values: dict[str, list[str]] = defaultdict(list)
    for exception in exceptions:
        values[exception.kind].append(exception.value.lower())
    return Protection(
        mode=ProtectionMode(row.mode),
        on_unprotected=OnUnprotected(row.on_unprotected),
        on_known_bad=OnKnownBad(row.on_known_bad),
        actions=known_actions(row.actions),
        may_override=row.may_override,
        unresolved=ClickAction(row.unresolved),
        click_addresses=ClickAddresses(row.click_addresses),
        opted_out=frozenset(bytes(each.recipient_key) for each in exceptions if each.kind == kinds.MAILBOX),
        trusted_senders=frozenset(values[kinds.SENDER]),
        trusted_hosts=tuple(sorted(values[kinds.HOST])),
        page=PageWords(row.page_organisation, row.page_text, row.page_contact, row.page_logo),
    )
