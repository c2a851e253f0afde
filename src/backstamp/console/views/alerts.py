"""Alerts: what was raised, how rules are set, and the channels by which administrators hear of it."""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from backstamp.console.asked import switched_on, words
from backstamp.console.csv_files import Piece, csv_file, newest_first
from backstamp.console.forms.alerts import ChannelForm, RuleForm
from backstamp.console.paging import page_of
from backstamp.console.wording.alerts import RULES
from backstamp.console.wording.saved_rows import ALERTS, PEOPLE, alert_row, person_row
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.alerting import alerts
from backstamp.records.alerting.people import MOST_PEOPLE, people_of
from backstamp.records.alerting.rules import rules, save_rule
from backstamp.records.alerting.since_judged import machines_since
from backstamp.records.models import Alert, Channel, Message
from backstamp.records.outbox import channels
from backstamp.records.protection.decided import decided_of
from backstamp.records.queries.keyset import NewestFirst
from backstamp.vocabulary import AlertRule

SHOWN: Final = 25
PEOPLE_SHOWN: Final = 50
_NEWEST: Final = NewestFirst("last_at")


@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Show the alerts, the newest first."""
    given, rule = _given(request)
    shown, where = page_of(request, alerts.listed(rule=rule, **given), _NEWEST, SHOWN)
    kept = {name: value for name, value in given.items() if value}
    context = {
        "alerts": shown,
        "given": given,
        "rule": rule,
        "rules": [(each, words.title) for each, words in RULES.items()],
        "kept": urlencode({**kept, "rule": rule.value} if rule is not None else kept),
        "filtered": bool(kept) or rule is not None,
        "now": datetime.now(UTC),
        "is_told": any(channel.enabled for channel in channels.listed()),
    } | where
    return render(request, "console/alerts.html", context)


@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """Stream all alerts that fit as CSV, those that were raised last first."""
    given, rule = _given(request)
    return csv_file("alerts", ALERTS, newest_first(alerts.listed(rule=rule, **given), alert_row))


@require_GET
def export_people(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Return the people of an alert as CSV: somebody may have to write to them all."""
    get_object_or_404(Alert, pk=pk)

    def read(_: str) -> Piece:
        people = list(people_of(pk))
        machines = machines_since(people)
        return [person_row(each, machines.get(each.pk)) for each in people], ""

    return csv_file(f"alert-{pk}-people", PEOPLE, read)


@require_safe
def alert(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one alert with the people in it."""
    found = get_object_or_404(Alert.objects.select_related("allowance"), pk=pk)
    people = Paginator(people_of(pk), PEOPLE_SHOWN).get_page(request.GET.get("page"))
    message = Message.objects.filter(pk=found.message_id).first() if found.message_id is not None else None
    known = set(
        Message.objects.filter(pk__in={each.message_id for each in people}).values_list("pk", flat=True)
    )
    machines = machines_since(people)
    context = {
        "alert": found,
        "people": people,
        "rows": [(each, machines.get(each.pk)) for each in people],
        "is_full": people.paginator.count >= MOST_PEOPLE,
        "known": known,
        "message": message,
        "decided": decided_of(found.url or found.host, found.domain),
        "now": datetime.now(UTC),
    }
    return render(request, "console/alert.html", context)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an alert, with all that it says of people."""
    if not alerts.delete(pk):
        raise Http404
    notices.success(request, "The alert is deleted.")
    return redirect("alerts")


@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """Show how the rules are set, and the channels."""
    return _settings(request)


@require_POST
def change_rule(request: HttpRequest, name: str) -> HttpResponse:
    """Set a rule."""
    try:
        rule = AlertRule(name)
    except ValueError:
        raise Http404 from None
    form = RuleForm(request.POST, rule=rules()[rule], channels=_names())
    if form.is_valid():
        try:
            save_rule(form.chosen(), request.user.get_username())
        except RefusedError as error:
            form.add_error("domains", str(error))  # The form has looked at the rest.
        else:
            notices.success(request, f"“{RULES[rule].title}” was saved.")
            return redirect("alert-settings")
    return _settings(request, rule_form=form, status=422)


@require_POST
def add_channel(request: HttpRequest) -> HttpResponse:
    """Add a channel; the secret of a webhook is shown in this answer, and never again."""
    form = ChannelForm(request.POST, auto_id="channel_%s")
    if form.is_valid():
        values = form.cleaned_data
        try:
            row = channels.add(
                values["name"], form.kind_chosen(), values["target"], request.user.get_username()
            )
        except RefusedError as error:
            form.add_error("target", str(error))  # The form has looked at the rest.
        else:
            if row.secret:
                return _settings(request, made=row)
            notices.success(request, f"The channel {row.name} was added.")
            return redirect("alert-settings")
    return _settings(request, channel_form=form, status=422)


@require_POST
def test_channel(request: HttpRequest, pk: int) -> HttpResponse:
    """Have a test sent."""
    row = get_object_or_404(Channel, pk=pk)
    channels.test(row, datetime.now(UTC))
    notices.success(request, f"A test for {row.name} is on its way; what fails is said here.")
    return redirect("alert-settings")


@require_POST
def switch_channel(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch a channel off, or on again."""
    row = get_object_or_404(Channel, pk=pk)
    row.enabled = switched_on(request, "channel")
    channels.save(row)
    notices.success(request, f"{row.name} is {'on' if row.enabled else 'off'}.")
    return redirect("alert-settings")


@require_POST
def remove_channel(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a channel, with what waits for it."""
    row = get_object_or_404(Channel, pk=pk)
    try:
        channels.delete(row.name)
    except RefusedError as error:
        notices.error(request, str(error))
    else:
        notices.success(request, f"{row.name} is removed.")
    return redirect("alert-settings")


def _given(request: HttpRequest) -> tuple[dict[str, str], AlertRule | None]:
    """Return the domain and host, and the rule, to which the list is narrowed."""
    try:
        rule = AlertRule(request.GET["rule"]) if request.GET.get("rule") else None
    except ValueError:
        raise Http404 from None
    return {name: words(request, name) for name in ("domain", "host")}, rule


def _settings(
    request: HttpRequest,
    *,
    rule_form: RuleForm | None = None,
    channel_form: ChannelForm | None = None,
    made: Channel | None = None,
    status: int = 200,
) -> HttpResponse:
    names = _names()
    forms: list[tuple[Any, RuleForm]] = []
    for each, rule in rules().items():
        shown = rule_form if rule_form is not None and rule_form.rule is each else None
        forms.append((RULES[each], shown or RuleForm(rule=rule, channels=names)))
    context = {
        "channels": [(row, channels.shown_target(row)) for row in channels.listed()],
        "channel_form": channel_form or ChannelForm(auto_id="channel_%s"),
        "rules": forms,
        "made": made,
        "opened": rule_form.rule if rule_form is not None else None,
    }
    return render(request, "console/alert_settings.html", context, status=status)


def _names() -> list[str]:
    return [row.name for row in channels.listed()]
