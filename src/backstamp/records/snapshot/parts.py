"""The policy snapshot's parts: what administrators decided over the installation's defaults, and what
recipients did."""

from collections.abc import Collection

import msgspec
from django.db.models import Q

from backstamp.policy import (
    Axes,
    AxisConsents,
    Consents,
    ConsentState,
    DomainPolicy,
    Policy,
    Protection,
)
from backstamp.records import models
from backstamp.records.protection import as_policy, kills
from backstamp.records.snapshot.packed_keys import PackedKeys, sorted_by_key, unpacked, with_keys
from backstamp.tokens.address_spelling import a_labels, one_spelling

_AXES = ("opens", "links")


def policy(defaults: Policy, published_at_us: int) -> Policy:
    """Return `defaults` with the tables' domains, senders, kills and the one switch laid over them.

    Raises `django.db.Error`.
    """
    protected = as_policy.protections()
    switched_off = models.Switch.objects.filter(tracking_off=True).exists()
    return msgspec.structs.replace(
        defaults,
        published_at_us=published_at_us,
        enabled=defaults.enabled and not switched_off,
        domains={
            a_labels(domain.name.lower()): _domain(domain, protected.get(domain.pk, Protection()))
            for domain in models.SenderDomain.objects.all()
        },
        senders={
            one_spelling(sender.address): Axes(sender.opens, sender.links)
            for sender in models.SenderPolicy.objects.all()
        },
        kills=msgspec.structs.replace(kills.switched_off(), expressions=as_policy.killed_expressions()),
        own_lists=as_policy.own_lists(),
        guards=bool(protected),
    )


def consents(recipients: Collection[bytes] | None = None) -> Consents:
    """Return what all recipients said, or what these did, by their keys. Raises `django.db.Error`."""
    rows = models.Consent.objects.all()
    if recipients is not None:
        rows = rows.filter(recipient_key__in=recipients)
    gathered = sorted_by_key(with_keys(rows)).aggregate(
        **{name: PackedKeys(filter=said, are_sorted=True) for name, said in _said().items()}
    )
    return Consents(
        *(AxisConsents(*(unpacked(gathered[f"{axis}_{state}"]) for state in ConsentState)) for axis in _AXES)
    )


def policy_fingerprint() -> tuple[object, ...]:
    """Return a value that differs when `policy` would say something else; cheaper than building.

    Domains and senders are few and read whole.
    """
    return (
        models.Switch.objects.filter(tracking_off=True).exists(),
        tuple(models.SenderDomain.objects.order_by("pk").values_list()),
        tuple(models.SenderPolicy.objects.order_by("pk").values_list()),
        kills.fingerprint(),
        as_policy.fingerprint(),
    )


def _said() -> dict[str, Q]:
    """Return each state of each axis by a name, and which rows have it."""
    return {f"{axis}_{state}": Q(**{axis: state}) for axis in _AXES for state in ConsentState}


def _domain(row: models.SenderDomain, protection: Protection) -> DomainPolicy:
    return DomainPolicy(
        domain_id=row.pk,
        name=row.name.lower(),
        tracking_url=row.tracking_url,
        axes=Axes(row.opens, row.links),
        anonymous=row.anonymous,
        unsubscribe=row.unsubscribe,
        protection=protection,
    )
