"""The suppression list: to whom mail does not go any more, and why."""

from datetime import UTC, datetime
from typing import Final

from django.contrib import messages as notices
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from backstamp.console.asked import back_to, kept_in, words
from backstamp.console.config import console_config
from backstamp.console.csv_files import csv_file, newest_first
from backstamp.console.forms.suppression import SuppressionForm
from backstamp.console.paging import page_of
from backstamp.policy import SuppressionReason
from backstamp.records.database.tracking_ids import from_text
from backstamp.records.models import Suppression
from backstamp.records.queries import people
from backstamp.records.queries.keyset import NewestFirst
from backstamp.records.suppression import suppression_list

SHOWN: Final = 50
_NEWEST: Final = NewestFirst("since")
REASONS: Final = {
    SuppressionReason.UNSUBSCRIBED: "unsubscribed",
    SuppressionReason.HARD_BOUNCE: "does not exist",
    SuppressionReason.COMPLAINT: "complained",
    SuppressionReason.MANUAL: "by hand",
}


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show the list, or what of it fits a search."""
    return _page(request, SuppressionForm(auto_id="suppression_%s"))


@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream the list, or what of it fits a search, as CSV, what was put on it last first.

    It is the form of `backstamp suppressions export`, and can be imported.
    """
    found = _found(words(request, "q"))
    return csv_file("suppressions", suppression_list.COLUMNS, newest_first(found, suppression_list.saved_row))


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Put an address on the list."""
    form = SuppressionForm(request.POST, auto_id="suppression_%s")
    if not form.is_valid():
        return _page(request, form, status=422)
    address, domain = form.cleaned_data["address"], form.cleaned_data["domain"]
    by = request.user.get_username()
    entry = suppression_list.Entry(
        address=address,
        recipient_key=console_config().keyring().recipient_key(address),
        reason=SuppressionReason.MANUAL,
        since=datetime.now(UTC),
        domain=domain,
        evidence=f"{form.cleaned_data['evidence']} (by {by})".strip(),
    )
    if suppression_list.add([entry]):
        notices.success(request, f"{address} gets no more mail of {domain or 'any domain'}.")
    else:
        notices.info(request, f"{address} is on the list already.")
    return redirect("suppressions")


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one entry off the list, and lead back to it, or to the message on whose page that was done."""
    text = words(request, "message")
    try:
        letter = from_text(text) if text else None
    except ValueError:
        raise Http404 from None
    row = get_object_or_404(Suppression, pk=pk)
    suppression_list.lift(row)
    who, whose = row.address or "The address", row.domain or "all domains"
    left = suppression_list.of_recipients([bytes(row.recipient_key)], row.domain)
    if left:
        why = ", ".join(
            sorted({REASONS[SuppressionReason(e.reason)] for each in left.values() for e in each})
        )
        notices.info(request, f"{who} is still on the list for mail of {whose}: {why}.")
    else:
        notices.success(request, f"{who} may get mail of {whose} again.")
    return back_to(request, "suppressions") if letter is None else redirect("message", letter)


def _found(search: str) -> QuerySet[Suppression]:
    return people.found(Suppression.objects.all(), search, console_config().keyring().recipient_key)


def _page(request: HttpRequest, form: SuppressionForm, status: int = 200) -> HttpResponse:
    search = words(request, "q")
    rows, where = page_of(request, _found(search), _NEWEST, SHOWN)
    context = {
        "form": form,
        "search": search,
        "kept": kept_in(request, "q"),
        "entries": [(row, REASONS[SuppressionReason(row.reason)]) for row in rows],
    } | where
    return render(request, "console/suppressions.html", context, status=status)
