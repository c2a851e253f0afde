"""What readers report of links: each is dismissed, or its host allowed or blocked."""

from typing import Final

from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from backstamp.console.asked import back_to
from backstamp.console.config import console_config
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.models import ReaderReportRow
from backstamp.records.protection import reader_reports
from backstamp.records.protection.reader_reports import Decision

SHOWN: Final = 50


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show the reports, those that wait first."""
    page = Paginator(reader_reports.listed(), SHOWN).get_page(request.GET.get("page"))
    context = {"page": page, "reports": reader_reports.with_mail(list(page))}
    return render(request, "console/reader_reports.html", context)


@require_POST
def handle(request: HttpRequest, pk: int) -> HttpResponse:
    """Do what was decided of one."""
    row = get_object_or_404(ReaderReportRow, pk=pk)
    try:
        decision = Decision(request.POST.get("decision", ""))
    except ValueError:
        raise Http404 from None
    ring = console_config().keyring()
    try:
        host = reader_reports.handle(row, decision, ring, request.user.get_username())
    except RefusedError as error:
        notices.error(request, str(error))
        return back_to(request, "reader-reports")
    if decision is Decision.DISMISS:
        notices.success(request, "The report is dismissed.")
    else:
        done = "allowed" if decision is Decision.ALLOW else "blocked"
        notices.success(request, f"{host} is {done}, within seconds; it is on your own list.")
    return back_to(request, "reader-reports")
