"""The click log of guarded links."""

from typing import Any, Final
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_safe

from backstamp.console import csv_files
from backstamp.console.asked import as_listed, original, words
from backstamp.console.csv_files import Piece, csv_file
from backstamp.console.live.fragments import template_for
from backstamp.console.wording.clicks import ACTIONS, COLUMNS, click_row
from backstamp.policy.own_entries import NotNamedError, expression_of
from backstamp.records.database.tracking_ids import from_text
from backstamp.records.queries.click_filter import ClickFilter, Who
from backstamp.records.queries.clicks import MOST_EXAMINED, click_page
from backstamp.records.rollups.changes import newest_version
from backstamp.vocabulary import EventType

WHO: Final = {
    Who.ALL: "All",
    Who.PEOPLE: "People",
    Who.UNCLEAR: "Unclear",
    Who.MACHINES: "Machines",
}
_HAPPENED: Final = {"": "Anything"} | {type_.value: title.capitalize() for type_, title in ACTIONS.items()}
_FIELDS: Final = ("mailbox", "domain", "url", "message", "action")


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show the newest clicks that fit the filters; a fragment of the rows when htmx asks."""
    given = _given(request)
    before = request.GET.get("before", "")
    version = newest_version()
    wanted, wrong = _wanted(request, given)
    try:
        page = click_page(wanted, before=before) if wanted is not None else None
    except ValueError:
        raise Http404 from None
    kept = {name: value for name, value in given.items() if value}
    who = wanted.who if wanted is not None else Who.ALL
    context = {
        "page": page,
        "given": given,
        "wrong": wrong,
        "filtered": bool(kept) or who is not Who.ALL,
        "who": who,
        "whose": [(value, name, urlencode(kept | {"who": value})) for value, name in WHO.items()],
        "actions": [
            (value, name, urlencode(kept | {"who": who, "action": value}))
            for value, name in _HAPPENED.items()
        ],
        "kept": urlencode(kept | {"who": who}),
        "first_page": not before,
        # Not where a page costs a long look: it would be taken anew at every change.
        "follows": page is not None and not before and not page.cut,
        "version": version,
        "most_examined": MOST_EXAMINED,
    }
    return render(request, template_for(request, "clicks"), context, status=200 if not wrong else 422)


@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream all clicks that fit as CSV, the newest first."""
    wanted, wrong = _wanted(request, _given(request))
    if wanted is None:
        return HttpResponse(wrong, status=422, content_type="text/plain; charset=utf-8")

    def read(place: str) -> Piece:
        page = click_page(wanted, before=place, size=csv_files.AT_ONCE)
        return [click_row(click) for click in page.rows], page.older

    return csv_file("clicks", COLUMNS, read)


def _given(request: HttpRequest) -> dict[str, str]:
    given = {name: words(request, name) for name in _FIELDS}
    # A host stays as it was typed.
    return given | {"url": as_listed(given["url"])} if "/" in given["url"] else given


def _wanted(request: HttpRequest, given: dict[str, str]) -> tuple[ClickFilter | None, str]:
    """Return the filter, or None and what is wrong with it."""
    try:
        values: dict[str, Any] = {
            "who": Who(request.GET.get("who", Who.ALL)),
            "action": EventType(given["action"]) if given["action"] else None,
            "message": from_text(given["message"].lower()) if given["message"] else None,
        }
    except ValueError:
        raise Http404 from None
    if values["action"] is not None and values["action"] not in ACTIONS:
        raise Http404
    try:
        values["expression"] = expression_of(original(given["url"])) if given["url"] else ""
    except NotNamedError as error:
        return None, str(error)
    return ClickFilter(mailbox=given["mailbox"], domain=given["domain"].lower(), **values), ""
