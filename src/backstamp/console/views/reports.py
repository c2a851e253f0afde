"""Reports that no message was found for: bounces, receipts, complaints and answers."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from backstamp.console.wording.events import event_words
from backstamp.records.models import UnmatchedReport
from backstamp.vocabulary import Actor, EventType

SHOWN: Final = 100


@require_safe
def unmatched(request: HttpRequest) -> HttpResponse:
    """Show the newest reports whose message is not known."""
    rows = list(UnmatchedReport.objects.all()[: SHOWN + 1])
    reports = [
        (row, [event_words(EventType(word), Actor.UNKNOWN) for word in row.words.split()])
        for row in rows[:SHOWN]
    ]
    return render(request, "console/reports.html", {"reports": reports, "more": len(rows) > SHOWN})


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete one."""
    get_object_or_404(UnmatchedReport, pk=pk).delete()
    return redirect("reports")
