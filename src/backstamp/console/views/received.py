"""Received mail that is protected."""

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_safe

from backstamp.console import csv_files
from backstamp.console.asked import kept_in, message_of_link, words
from backstamp.console.csv_files import Piece, csv_file
from backstamp.console.live.fragments import template_for
from backstamp.console.rooms import RECEIVED_MESSAGE
from backstamp.console.wording.manifest import ManifestView, read_manifest
from backstamp.console.wording.saved_rows import RECEIVED, received_row
from backstamp.policy import ProtectionMode
from backstamp.records.database.tracking_ids import from_database, to_text
from backstamp.records.models import Message
from backstamp.records.protection import kills
from backstamp.records.protection.decided import decided_of_each
from backstamp.records.queries.pagination import Asked
from backstamp.records.queries.received_mail import (
    CLICKS_COUNTED,
    ReceivedDetail,
    ReceivedFilter,
    received_detail,
    received_page,
)
from backstamp.records.rollups.changes import newest_version
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.tokens.address_spelling import a_labels

FILTER_NAMES: Final = {
    ReceivedFilter.ALL: "All",
    ReceivedFilter.FOUND: "Something found",
    ReceivedFilter.UNPROTECTED: "Not all guarded",
}


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show the newest received messages that fit; a fragment of the rows when htmx asks."""
    search = words(request, "q")
    if (found := message_of_link(search)) is not None:
        return redirect("message", found)
    before = request.GET.get("before", "")
    version = newest_version()
    try:
        which = ReceivedFilter(request.GET.get("show", ReceivedFilter.ALL))
        page = received_page(which=which, search=search, before=before)
    except ValueError:
        raise Http404 from None
    context = {
        "page": page,
        "which": which,
        "search": search,
        "kept": kept_in(request, "q", "show"),
        "filters": FILTER_NAMES.items(),
        "first_page": not before,
        "version": version,
    }
    return render(request, template_for(request, "received"), context)


@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream all received messages that fit as CSV, the newest first."""
    search = words(request, "q")
    try:
        which = ReceivedFilter(request.GET.get("show", ReceivedFilter.ALL))
    except ValueError:
        raise Http404 from None

    def read(place: str) -> Piece:
        page = received_page(which=which, search=search, before=place, size=csv_files.AT_ONCE)
        return [received_row(row) for row in page.rows], page.older

    return csv_file("received", RECEIVED, read)


def received_context(message: Message, asked: Asked) -> dict[str, Any]:
    """Return what the page of a received message shows."""
    detail = received_detail(message, asked)
    observed = message.protection == ProtectionMode.OBSERVE
    manifest = read_manifest(message.manifest, received=True, observed=observed)
    decided = decided_of_each((each.link.url for each in detail.links), _domain_of(detail))
    return {
        "room": RECEIVED_MESSAGE,
        "detail": detail,
        "clicks_counted": CLICKS_COUNTED,
        "links": [(each, decided.get(each.link.url)) for each in detail.links],
        "message": message,
        "key": to_text(message.pk),
        "unprotected": [_sentence(reason) for reason in detail.unprotected],
        "kills": kills.of_message(from_database(message.pk)),
        "manifest": manifest,
        "guarded": _guarded(detail, manifest),
    }


def _domain_of(detail: ReceivedDetail) -> str:
    """Return the domain of all recipients that are shown, and "" where there are several."""
    domains = {a_labels(recipient.address.rpartition("@")[2].lower()) for recipient in detail.recipients.rows}
    return domains.pop() if len(domains) == 1 else ""


def _guarded(detail: ReceivedDetail, manifest: ManifestView | None) -> frozenset[int]:
    """Return the numbers of the links whose clicks are seen: what was left alone is listed and judged too."""
    if detail.message.protection != ProtectionMode.PROTECT:
        return frozenset()
    return frozenset(each.link.number for each in detail.links) if manifest is None else manifest.wrapped


def _sentence(reason: str) -> str:
    return SkipReason(reason).sentence if reason in list(SkipReason) else reason[:100]
