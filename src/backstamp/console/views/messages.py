"""The list of messages, one message with its timeline, and the sample that a newcomer sends."""

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from backstamp.console import csv_files
from backstamp.console.asked import kept_in, message_of_link, switched_on, words
from backstamp.console.config import console_config
from backstamp.console.csv_files import Piece, csv_file
from backstamp.console.handed_in import HandInError, send_sample_mail
from backstamp.console.live.fragments import template_for
from backstamp.console.timeline import timeline, told_of_delivery
from backstamp.console.views.received import received_context
from backstamp.console.wording.manifest import read_manifest
from backstamp.console.wording.saved_rows import MESSAGES, message_row
from backstamp.policy import KillTarget
from backstamp.records.database.tracking_ids import from_database
from backstamp.records.models import Link, Message
from backstamp.records.protection import kills
from backstamp.records.queries.pagination import Asked, place_of
from backstamp.records.queries.sent_mail import ListFilter, MessageDetail, message_detail, message_page
from backstamp.records.rollups.changes import message_version, newest_version
from backstamp.records.suppression import suppression_list
from backstamp.vocabulary import Direction

LONGEST_NAME: Final = 200
"""Characters of a link on the timeline; the list of links has all of them."""
FILTER_NAMES: Final = {
    ListFilter.ALL: "All",
    ListFilter.OPENED: "Opened",
    ListFilter.NOT_OPENED: "No open seen",
    ListFilter.CLICKED: "Clicked",
    ListFilter.PROBLEM: "Trouble",
    ListFilter.UNTRACKED: "Not tracked",
}


@require_safe
def message_list(request: HttpRequest) -> HttpResponse:
    """Show the newest messages that fit the search; a fragment of the rows when htmx asks."""
    which = _which(request)
    search = words(request, "q")
    if (found := message_of_link(search)) is not None:
        return redirect("message", found)
    # The version is read before the rows: what changes in between is then fetched once more, never missed.
    version = newest_version()
    before = request.GET.get("before", "")
    try:
        page = message_page(search=search, which=which, before=before)
    except ValueError:
        raise Http404 from None
    context = {
        "page": page,
        "search": search,
        "which": which,
        "kept": kept_in(request, "q", "show"),
        "filters": FILTER_NAMES.items(),
        "first_page": not before,
        "version": version,
        "config": console_config(),
        "untouched": not page.rows and not search and which == ListFilter.ALL and not before,
    }
    return render(request, template_for(request, "message_list"), context)


@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream all messages that fit the search as CSV, the newest first."""
    which, search = _which(request), words(request, "q")

    def read(place: str) -> Piece:
        page = message_page(search=search, which=which, before=place, size=csv_files.AT_ONCE)
        return [message_row(row) for row in page.rows], page.older

    return csv_file("messages", MESSAGES, read)


@require_safe
def message(request: HttpRequest, key: int) -> HttpResponse:
    """Show one message; a fragment without the frame when htmx asks."""
    newest = newest_version()
    asked = Asked(**{name: request.GET.get(name, "") for name in ("recipients", "links", "before")})
    received = Message.objects.filter(pk=key, direction=Direction.INBOUND.value).first()
    if received is not None:
        # Only sent mail is numbered one by one.
        context = received_context(received, asked) | {"version": newest}
        return render(request, template_for(request, "received_message"), context)
    version = message_version(key)
    try:
        detail = message_detail(key, asked)
    except ValueError:
        raise Http404 from None
    if detail is None:
        raise Http404
    context = message_context(detail) | {"version": version, "before": asked.before}
    return render(request, template_for(request, "message"), context)


@require_POST
def switch_links(request: HttpRequest, key: int) -> HttpResponse:
    """Switch all links of a message off, or on again."""
    target = KillTarget(from_database(key))
    if switched_on(request, "links"):
        kills.revive(target)
        notices.success(request, "All links of this mail lead on again, within seconds.")
    else:
        kills.kill(target, request.user.get_username())
        notices.success(request, "All links of this mail are switched off, in every copy, within seconds.")
    return redirect("message", key)


@require_POST
def send_sample(request: HttpRequest) -> HttpResponse:
    """Hand the sample mail to the gateway, and say what became of it."""
    address = request.user.email  # type: ignore[union-attr]  # signed in, as the middleware saw to
    try:
        send_sample_mail(console_config(), address)
    except HandInError as error:
        notices.error(request, str(error))
    else:
        notices.success(request, f"The sample is on its way to {address}.")
    return redirect("messages")


def message_context(detail: MessageDetail) -> dict[str, Any]:
    """Return what the message templates show."""
    summary = detail.summary
    states = [state for state, _ in summary.totals.deliveries]
    items, more = timeline(detail.events, recipients=detail.people, links=_named(detail.targets))
    return {
        "detail": detail,
        "summary": summary,
        "message": summary.message,
        "kills": kills.of_message(from_database(summary.message.tracking_id)),
        "suppressed": suppression_list.of_recipients(
            (bytes(recipient.recipient_key) for recipient in detail.recipients.rows),
            summary.message.sender.rpartition("@")[2],
        ),
        "manifest": read_manifest(summary.message.manifest),
        "own_view_possible": summary.message.opens_tracked
        and summary.totals.any_opened
        and not summary.implied_only,
        "timeline": items,
        "told": told_of_delivery(items, states[0]) if summary.totals.number == 1 else "",
        "older": place_of(items[-1].oldest) if items and (more or detail.more_events) else None,
    }


def _which(request: HttpRequest) -> ListFilter:
    try:
        return ListFilter(request.GET.get("show", ListFilter.ALL))
    except ValueError:
        raise Http404 from None


def _named(links: Mapping[int, Link]) -> dict[int, str]:
    return {number: (link.text or link.url)[:LONGEST_NAME] for number, link in links.items()}
