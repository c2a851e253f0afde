"""Reports that no message was found for: bounces, receipts, complaints and answers."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from backstamp.console.asked import back_to
from backstamp.console.csv_files import csv_file, newest_first
from backstamp.console.paging import page_of
from backstamp.console.wording.events import unmatched_words
from backstamp.console.wording.saved_rows import UNMATCHED, unmatched_row
from backstamp.records.models import UnmatchedReport
from backstamp.records.queries.keyset import NewestFirst

SHOWN: Final = 50
_NEWEST: Final = NewestFirst("received_at")


@require_safe
def unmatched(request: HttpRequest) -> HttpResponse:
    """Show the newest reports whose message is not known."""
    rows, where = page_of(request, UnmatchedReport.objects.all(), _NEWEST, SHOWN)
    reports = [(row, unmatched_words(row.words)) for row in rows]
    return render(request, "console/reports.html", {"reports": reports} | where)


@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream them all as CSV, those that came last first."""
    return csv_file("reports", UNMATCHED, newest_first(UnmatchedReport.objects.all(), unmatched_row))


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one."""
    get_object_or_404(UnmatchedReport, pk=pk).delete()
    return back_to(request, "reports")
