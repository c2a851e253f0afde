"""Lists of links: the administrators' own, what is switched off, and how it stands with those of others."""

from collections.abc import Sequence
from typing import Final

from django.contrib import messages as notices
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from backstamp.console.asked import as_listed, back_to, kept_in, original, words
from backstamp.console.config import console_config
from backstamp.console.csv_files import csv_file, newest_first
from backstamp.console.forms.protection import KillForm, OwnListForm
from backstamp.console.paging import page_of
from backstamp.console.wording.saved_rows import OWN_LISTS, own_list_row
from backstamp.policy.own_entries import expression_of
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.models import ExpressionKill, OwnListEntry
from backstamp.records.protection import kills, own_lists
from backstamp.records.queries.keyset import NewestFirst

SHOWN: Final = 50
_NEWEST: Final = NewestFirst("since")
_SWITCHED_LAST: Final = NewestFirst("killed_at")


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show all of them; a host or URL in the address fills the one form or the other."""
    wanted = {name: words(request, name) for name in ("kind", "what", "whose")}
    # Of more lines two are seen: whoever leads an administrator here could hide the rest.
    wanted["what"] = as_listed("".join(wanted["what"].splitlines()[:1]))
    form = OwnListForm(auto_id="own_%s", initial={k: v for k, v in wanted.items() if v})
    kill_form = KillForm(auto_id="kill_%s", initial={"what": as_listed(words(request, "off_what"))})
    return _page(request, form, kill_form=kill_form)


@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream the own lists, or what of them fits a search, as CSV, what was put on them last first."""
    return csv_file("own-lists", OWN_LISTS, newest_first(_entries(words(request, "q")), own_list_row))


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Put a host or URL on an own list."""
    form = OwnListForm(request.POST, auto_id="own_%s")
    if not form.is_valid():
        return _page(request, form, status=422)
    kind = own_lists.Kind(form.cleaned_data["kind"])
    what, whose, note = (form.cleaned_data[name] for name in ("what", "whose", "note"))
    ring = console_config().keyring()
    try:
        new = own_lists.add_all(kind, what, whose, ring, by=request.user.get_username(), note=note)
    except RefusedError as error:
        form.add_error("whose", str(error))  # The form has looked at the rest.
        return _page(request, form, status=422)
    _say(request, what, f"{kind.label.lower()} for {whose or 'everybody'}", new)
    return redirect("lists")


@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an entry off an own list."""
    entry = get_object_or_404(OwnListEntry, pk=pk)
    own_lists.take_off(entry)
    notices.success(request, f"{entry.expression[:200]} is no longer {entry.get_kind_display().lower()}.")
    return back_to(request, "lists", "own-title")


@require_POST
def switch_off(request: HttpRequest) -> HttpResponse:
    """Switch a host or URL off in whatever mail."""
    form = KillForm(request.POST, auto_id="kill_%s")
    if form.is_valid():
        expression = expression_of(form.cleaned_data["what"])
        kills.kill_expression(expression, request.user.get_username())
        notices.success(request, f"{expression[:200]} is switched off in all mail, within seconds.")
        return redirect("lists")
    return _page(request, OwnListForm(auto_id="own_%s"), kill_form=form, status=422)


@require_POST
def switch_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo that."""
    row = get_object_or_404(ExpressionKill, pk=pk)
    kills.revive_expression(row.expression)
    notices.success(request, f"{row.expression[:200]} is no longer switched off as such.")
    return back_to(request, "lists", "off-title")


def _entries(search: str) -> QuerySet[OwnListEntry]:
    return own_lists.entries(original(search))


def _say(request: HttpRequest, what: Sequence[str], done: str, new: int) -> None:
    """Say what was done with what was to be listed, of which some is new."""
    shown = expression_of(what[0])[:200] if len(what) == 1 else f"{len(what):,} hosts and URLs"
    verb = ("is", "was") if len(what) == 1 else ("are", "were")
    if not new:
        notices.info(request, f"{shown} {verb[1]} {done} already.")
    elif len(what) > 1 and new < len(what):
        notices.success(request, f"{shown} {verb[0]} {done}, within seconds; {new:,} of them are new.")
    else:
        notices.success(request, f"{shown} {verb[0]} {done}, within seconds.")


def _page(
    request: HttpRequest, form: OwnListForm, *, kill_form: KillForm | None = None, status: int = 200
) -> HttpResponse:
    search = words(request, "q")
    entries, own = page_of(request, _entries(search), _NEWEST, SHOWN)
    switched, off = page_of(request, kills.listed_expressions(), _SWITCHED_LAST, SHOWN, "off")
    context = {
        "form": form,
        "search": search,
        "entries": entries,
        "own": own,
        "kept": kept_in(request, "q"),
        "kills": switched,
        "off": off,
        "kill_form": kill_form or KillForm(auto_id="kill_%s"),
        "threat_lists": console_config().threat_lists(),
    }
    return render(request, "console/lists.html", context, status=status)
