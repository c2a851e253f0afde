"""The policy snapshot: the installation's defaults, and what administrators and recipients decided."""

import msgspec
from django.db.models import Count, Max

from backstamp.policy import Axes, Consent, ConsentState, DomainPolicy, Protection, Snapshot
from backstamp.records import kills, models, protections, suppressions
from backstamp.tokens.address_spelling import a_labels, one_spelling


def build(defaults: Snapshot, published_at_us: int) -> Snapshot:
    """Return `defaults` with the tables' domains, senders, consents and the one switch laid over them.

    Raises `django.db.Error`.
    """
    protected = protections.protections()
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
        consents={
            bytes(key): Consent(_state(opens), _state(links))
            for key, opens, links in models.Consent.objects.order_by("pk").values_list(
                "recipient_key", "opens", "links"
            )
        },
        kills=msgspec.structs.replace(kills.switched_off(), expressions=protections.killed_expressions()),
        own_lists=protections.own_lists(),
        guards=bool(protected),
        suppressed=suppressions.suppressed(),
    )


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


def _state(text: str) -> ConsentState | None:
    return ConsentState(text) if text else None


def fingerprint() -> tuple[object, ...]:
    """Return a value that differs when `build` would say something else; cheaper than building.

    Domains and senders are few and read whole. Consents, kills and suppressions may be many: their
    number and the last change stand for them; of consents those of each state: a clock that was set back
    makes no change the last.
    """
    consents = models.Consent.objects.order_by("opens", "links").values_list("opens", "links")
    return (
        models.Switch.objects.filter(tracking_off=True).exists(),
        tuple(models.SenderDomain.objects.order_by("pk").values_list()),
        tuple(models.SenderPolicy.objects.order_by("pk").values_list()),
        tuple(consents.annotate(Count("pk"), Max("recorded_at"))),
        kills.fingerprint(),
        suppressions.fingerprint(),
        protections.fingerprint(),
    )
