"""The click log of guarded links."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_safe

from backstamp.console.asked import words
from backstamp.console.config import console_config
from backstamp.console.live.fragments import template_for
from backstamp.console.wording.clicks import ACTIONS, csv_lines, csv_names
from backstamp.policy.own_entries import NotNamedError, expression_of
from backstamp.records.database.tracking_ids import from_text
from backstamp.records.queries.clicks import MOST_EXAMINED, ClickFilter, Who, click_page
from backstamp.records.rollups.changes import newest_version
from backstamp.tokens.pasted import leads_to
from backstamp.vocabulary import EventType

_EXPORT_PAGE: Final = 1_000
WHO: Final = {
    Who.ALL: "All",
    Who.PEOPLE: "People",
    Who.UNCLEAR: "Unclear",
    Who.MACHINES: "Machines",
}
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
        "actions": [(type_.value, words) for type_, words in ACTIONS.items()],
        "query": urlencode(kept | {"who": who}),
        "first_page": not before,
        # Not where a page costs a long look: it would be taken anew at every change.
        "follows": page is not None and not before and not page.cut,
        "version": version,
        "most_examined": MOST_EXAMINED,
    }
    return render(request, template_for(request, "clicks"), context, status=200 if not wrong else 422)


@require_GET
async def export(request: HttpRequest) -> HttpResponseBase:
    """Stream all clicks that fit as CSV, the newest first."""
    wanted, wrong = _wanted(request, _given(request))
    if wanted is None:
        return HttpResponse(wrong, status=422, content_type="text/plain; charset=utf-8")
    response = StreamingHttpResponse(_exported(wanted), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="clicks-{datetime.now(UTC):%Y-%m-%d}.csv"'
    )
    return response


async def _exported(wanted: ClickFilter) -> AsyncIterator[str]:
    """Yield CSV a page at a time: a year's clicks do not fit into memory, and others are served between."""
    read = sync_to_async(click_page)
    yield csv_names()
    page = await read(wanted, size=_EXPORT_PAGE)
    while page.rows or page.older:
        yield csv_lines(page.rows)
        if not page.older:
            break
        page = await read(wanted, before=page.older, size=_EXPORT_PAGE)


def _given(request: HttpRequest) -> dict[str, str]:
    return {name: words(request, name) for name in _FIELDS}


def _named(url: str) -> str:
    """Return the URL that is looked for: one copies it from a mail as it stands there, sealed."""
    return leads_to(console_config().keyring(), url)


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
        values["expression"] = expression_of(_named(given["url"])) if given["url"] else ""
    except NotNamedError as error:
        return None, str(error)
    return ClickFilter(mailbox=given["mailbox"], domain=given["domain"].lower(), **values), ""
