"""Protection of received mail: what is done for each domain, and for whom it is not."""

from typing import Final

from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.db.models import Count
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from backstamp.console.asked import back_to, words
from backstamp.console.config import console_config
from backstamp.console.forms.protection import ExceptionForm, NewDomainForm, ProtectionForm
from backstamp.console.serving.middleware import CONSOLE_POLICY
from backstamp.policy import ProtectionMode
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.models import ProtectedDomain, ProtectionException
from backstamp.records.protection import as_policy, domain_settings
from backstamp.vocabulary import ClickAction

SHOWN: Final = 50
LANGUAGES: Final = ("en", "de", "ko")
"""Those that the pages have."""
_WITH_LOGO: Final = CONSOLE_POLICY.replace("img-src 'self'", "img-src 'self' data:")


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show all domains with their mode."""
    return _overview(request, NewDomainForm(auto_id="new_%s"))


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Set a domain's mode for the first time, or again."""
    form = NewDomainForm(request.POST, auto_id="new_%s")
    if not form.is_valid():
        return _overview(request, form, status=422)
    mode = ProtectionMode(form.cleaned_data["mode"])
    try:
        row = domain_settings.set_protection(form.cleaned_data["domain"], _who(request), mode=mode)
    except RefusedError as error:
        form.add_error("domain", str(error))
        return _overview(request, form, status=422)
    notices.success(request, f"{row.domain.name}: {mode}.")
    return redirect("protected-domain", row.domain.name)


@require_safe
def domain(request: HttpRequest, name: str) -> HttpResponse:
    """Show all that is set for a domain."""
    return _domain(request, _row(name))


@require_safe
def preview(request: HttpRequest, name: str, action: str) -> HttpResponse:
    """Show the block or warn page of a domain, as its readers will see it for a made-up link."""
    row = _row(name)
    language = request.GET.get("language", LANGUAGES[0])
    if action not in (ClickAction.BLOCK, ClickAction.WARN) or language not in LANGUAGES:
        raise Http404
    protection = as_policy.protections()[row.pk]
    page = console_config().page_preview(name, protection, ClickAction(action), language)
    return HttpResponse(page.text, headers={"Content-Security-Policy": page.policy})


@require_POST
def change(request: HttpRequest, name: str) -> HttpResponse:
    """Change what is set for a domain."""
    row = _row(name)
    form = ProtectionForm(request.POST, request.FILES, row=row)
    if not form.is_valid():
        return _domain(request, row, form=form)
    domain_settings.set_protection(name, _who(request), **form.changes())
    notices.success(request, f"What is done for {name} was saved; it holds within seconds.")
    return redirect("protected-domain", name)


@require_POST
def add_exception(request: HttpRequest, name: str) -> HttpResponse:
    """Leave a mailbox, a sender or a host alone."""
    row = _row(name)
    form = ExceptionForm(request.POST, auto_id="exception_%s")
    if form.is_valid():
        kind = ProtectionException.Kind(form.cleaned_data["kind"])
        ring = console_config().keyring()
        try:
            new = domain_settings.add_exception(name, kind, form.cleaned_data["value"], ring, _who(request))
        except RefusedError as error:
            form.add_error("value", str(error))
        else:
            notices.success(request, "It is left alone." if new else "It was left alone already.")
            return redirect(reverse("protected-domain", args=[name]) + "#exceptions-title")
    return _domain(request, row, exception_form=form)


@require_POST
def remove_exception(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Treat it as all others again."""
    exception = get_object_or_404(ProtectionException, pk=pk, domain__name=name)
    exception.delete()
    notices.success(request, f"{exception.value} is treated as all others again.")
    return back_to(request, "protected-domain", "exceptions-title", of=name)


def _overview(request: HttpRequest, form: NewDomainForm, status: int = 200) -> HttpResponse:
    search = words(request, "q")
    found = domain_settings.protected_domains().annotate(exceptions=Count("domain__exceptions"))
    if search:
        found = found.filter(domain__name__icontains=search)
    context = {
        "domains": Paginator(found, SHOWN).get_page(request.GET.get("page")),
        "search": search,
        "form": form,
        "takes_mail": console_config().takes_received_mail,
    }
    return render(request, "console/protection.html", context, status=status)


def _domain(
    request: HttpRequest,
    row: ProtectedDomain,
    *,
    form: ProtectionForm | None = None,
    exception_form: Form | None = None,
) -> HttpResponse:
    search = words(request, "q")
    exceptions = row.domain.exceptions.all()
    if search:
        exceptions = exceptions.filter(value__icontains=search)
    context = {
        "row": row,
        "takes_mail": console_config().takes_received_mail,
        "name": row.domain.name,
        "form": form or ProtectionForm(row=row),
        "exceptions": Paginator(exceptions, SHOWN).get_page(request.GET.get("page")),
        "search": search,
        "exception_form": exception_form or ExceptionForm(auto_id="exception_%s"),
    }
    failed = form or exception_form
    response = render(request, "console/protected_domain.html", context, status=422 if failed else 200)
    if row.page_logo:
        response.headers["Content-Security-Policy"] = _WITH_LOGO
    return response


def _row(name: str) -> ProtectedDomain:
    try:
        return domain_settings.protected_domain(name)
    except RefusedError:
        raise Http404 from None


def _who(request: HttpRequest) -> str:
    return request.user.get_username()
