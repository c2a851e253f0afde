"""Policy: the one switch, what is tracked for domains and senders, and what recipients said.

The worker's publisher carries every change to gateway and edge within seconds.
"""

import time
from datetime import UTC, datetime
from typing import Final

from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST, require_safe

from backstamp.console.asked import kept_in, switched_on, words
from backstamp.console.config import console_config
from backstamp.console.csv_files import csv_file, newest_first
from backstamp.console.forms.policy import ConsentForm, DomainForm, SenderForm
from backstamp.console.paging import page_of
from backstamp.console.wording.saved_rows import CONSENTS, consent_row
from backstamp.policy import STALE_SECONDS, ConsentMode
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.administration.sender_domains import domain_named
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.models import Consent, SenderDomain, SenderPolicy, Switch
from backstamp.records.queries import people
from backstamp.records.queries.keyset import NewestFirst
from backstamp.verdicts.published import STALE_DAYS, freshness

SHOWN: Final = 50
_SAID_LAST: Final = NewestFirst("recorded_at")


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show all of it."""
    return _page(request)


@require_GET
def export_consents(request: HttpRequest) -> HttpResponseBase:
    """Stream what people said, or those whose address fits a search, as CSV, the newest entries first."""
    return csv_file("consents", CONSENTS, newest_first(_consents(words(request, "q")), consent_row))


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Turn all tracking off, or on again."""
    off = not switched_on(request, "tracking")
    Switch.objects.update_or_create(pk=1, defaults={"tracking_off": off, "changed_by": _who(request)})
    notices.success(request, "All tracking is off." if off else "Tracking is on again.")
    return redirect("policy")


@require_POST
def domain(request: HttpRequest) -> HttpResponse:
    """Set what is tracked for a sender domain."""
    form = DomainForm(request.POST, auto_id="domain_%s")
    if not form.is_valid():
        return _page(request, domain_form=form)
    values = form.to_save()
    name = values.pop("name")
    if not values and (there := SenderDomain.objects.filter(name=name).first()) is not None:
        return _unchanged(request, name, f"?domain={there.name}#domains-title")
    try:
        row = domain_named(name)
    except RefusedError as error:
        form.add_error("name", str(error))
        return _page(request, domain_form=form)
    SenderDomain.objects.filter(pk=row.pk).update(**values)
    notices.success(request, f"The policy of {name} was saved.")
    return redirect("policy")


@require_POST
def sender(request: HttpRequest) -> HttpResponse:
    """Set what is tracked for one sender; "default" on both axes removes the entry."""
    form = SenderForm(request.POST, auto_id="sender_%s")
    if not form.is_valid():
        return _page(request, sender_form=form)
    values = form.to_save()
    address = values.pop("address")
    if not values and (there := SenderPolicy.objects.filter(address=address).first()) is not None:
        return _unchanged(request, address, f"?sender={there.pk}#senders-title")
    with one_at_a_time():
        SenderPolicy.objects.update_or_create(address=address, defaults=values)
        of_its_own = SenderPolicy.objects.filter(address=address)
        gone = of_its_own.filter(opens=None, links=None).delete()[0]
    said = f"{address} has no policy of its own any more." if gone else f"The policy of {address} was saved."
    notices.success(request, said)
    return redirect("policy")


@require_POST
def consent(request: HttpRequest) -> HttpResponse:
    """Record what a recipient said, with the evidence."""
    form = ConsentForm(request.POST, auto_id="consent_%s")
    if not form.is_valid():
        return _page(request, consent_form=form)
    values = form.cleaned_data
    address = values.pop("address")
    key = console_config().keyring().recipient_key(address)
    recorded = {"recipient_key": key, "recorded_by": _who(request)}
    with one_at_a_time():
        Consent.objects.update_or_create(address=address, defaults=values | recorded)
        # What was known by the pseudonym alone, of an erased person too, gives way to what they say now.
        Consent.objects.filter(address=key.hex()).delete()
    notices.success(request, f"What {address} said was recorded.")
    return redirect("policy")


def _unchanged(request: HttpRequest, whose: str, entry: str) -> HttpResponse:
    """Lead to the entry of somebody of whom nothing was chosen, so that nothing is taken for a wish."""
    notices.info(request, f"Nothing was changed for {whose}: this is how it stands.")
    return redirect(reverse("policy") + entry)


def _domains() -> QuerySet[SenderDomain]:
    """Those of whose sent mail something is said; a domain that is only protected has another page."""
    return SenderDomain.objects.exclude(
        protection__isnull=False,
        tracking_url="",
        opens__isnull=True,
        links__isnull=True,
        anonymous=False,
        unsubscribe__isnull=True,
    )


def _consents(search: str) -> QuerySet[Consent]:
    return people.found(Consent.objects.all(), search, console_config().keyring().recipient_key)


def _page(
    request: HttpRequest,
    *,
    domain_form: Form | None = None,
    sender_form: Form | None = None,
    consent_form: Form | None = None,
) -> HttpResponse:
    snapshot = console_config().snapshot()
    search = words(request, "q")
    consents, said = page_of(request, _consents(search), _SAID_LAST, SHOWN)
    failed = domain_form or sender_form or consent_form
    context = {
        "switch": Switch.objects.filter(pk=1).first(),
        "snapshot": snapshot,
        "is_stale": snapshot is not None and snapshot.age(time.time()) > STALE_SECONDS,
        "consent_required": snapshot is None or snapshot.consent_mode is ConsentMode.REQUIRED,
        "domains": Paginator(_domains(), SHOWN).get_page(request.GET.get("domains")),
        "senders": Paginator(SenderPolicy.objects.all(), SHOWN).get_page(request.GET.get("senders")),
        "consents": consents,
        "said": said,
        "kept": kept_in(request, "q"),
        "search": search,
        "config": console_config(),
        "signatures": tuple(freshness(console_config().signatures(), datetime.now(UTC).date())),
        "stale_days": STALE_DAYS,
        "domain_form": domain_form or _prefilled(DomainForm, "domain", SenderDomain, "name", request),
        "sender_form": sender_form or _prefilled(SenderForm, "sender", SenderPolicy, "pk", request),
        "consent_form": consent_form or _prefilled(ConsentForm, "consent", Consent, "pk", request),
    }
    return render(request, "console/policy.html", context, status=422 if failed else 200)


def _prefilled(form: type[Form], what: str, model: type[Model], name: str, request: HttpRequest) -> Form:
    """Return an empty form, or one that holds the entry that was chosen in the list.

    People are chosen by number: a proxy's log holds what is in an address.
    """
    chosen = words(request, what)
    try:
        found = model._default_manager.filter(**{name: chosen}) if chosen else model._default_manager.none()
    except ValueError:
        raise Http404 from None
    entry = found.values(*form.base_fields).first()
    return form(auto_id=f"{what}_%s", initial=entry)


def _who(request: HttpRequest) -> str:
    return request.user.get_username()[:150]
