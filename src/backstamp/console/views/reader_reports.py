"""What readers report of links: each is dismissed, or its host allowed or blocked."""

from enum import StrEnum
from typing import Final

from django.contrib import messages as notices
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from backstamp.console.asked import back_to, kept_in
from backstamp.console.config import console_config
from backstamp.console.csv_files import csv_file, newest_together
from backstamp.console.paging import page_of
from backstamp.console.wording.saved_rows import READER_REPORTS, reader_report_row
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.models import ReaderReportRow
from backstamp.records.protection import reader_reports
from backstamp.records.protection.reader_reports import Decision
from backstamp.records.queries.keyset import NewestFirst
from backstamp.spreadsheets import Cell

SHOWN: Final = 50


class Handling(StrEnum):
    """Which reports are shown."""

    WAITING = "waiting"
    HANDLED = "handled"


HANDLING: Final = {Handling.WAITING: "Waiting", Handling.HANDLED: "Handled"}
_NEWEST: Final = {Handling.WAITING: NewestFirst("at"), Handling.HANDLED: NewestFirst("handled_at")}


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show the newest reports that wait, or what was handled last."""
    which = _which(request)
    rows, where = page_of(request, _rows(which), _NEWEST[which], SHOWN)
    context = {
        "reports": reader_reports.with_mail(rows),
        "which": which,
        "filters": HANDLING.items(),
        "kept": kept_in(request, "show"),
    } | where
    return render(request, "console/reader_reports.html", context)


@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream all that wait, or all that are handled, as CSV, those that came last first."""

    def as_rows(rows: list[ReaderReportRow]) -> list[tuple[Cell, ...]]:
        return [reader_report_row(report) for report in reader_reports.with_mail(rows)]

    return csv_file("reader-reports", READER_REPORTS, newest_together(_rows(_which(request)), as_rows))


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


def _which(request: HttpRequest) -> Handling:
    try:
        return Handling(request.GET.get("show", Handling.WAITING))
    except ValueError:
        raise Http404 from None


def _rows(which: Handling) -> QuerySet[ReaderReportRow]:
    return reader_reports.listed(handled=which is Handling.HANDLED)
