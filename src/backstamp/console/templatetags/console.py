"""Tags that keep the templates short: icons, times, states in words."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backstamp.console.forms.bound_fields import whole_form_id
from backstamp.console.rooms import WINGS
from backstamp.console.wording.alerts import act_words, rule_words
from backstamp.console.wording.clicks import url_parts, words_beside
from backstamp.console.wording.events import ACTORS, DELIVERIES, RECEIVED, Words, event_words, reply_words
from backstamp.console.wording.reader_reports import reported_words
from backstamp.console.wording.threats import reason_words, threat_words
from backstamp.records.alerting.alerts import number_open
from backstamp.records.database.tracking_ids import to_text
from backstamp.records.models import DeliveryState, Recipient
from backstamp.vocabulary import Actor, EventType

register = template.Library()
register.filter(whole_form_id)


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return an icon of icons.svg; it is decoration, so the words beside it must say the same."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        static("console/icons.svg"),
        name,
    )


@register.simple_tag
def moment(at: datetime) -> SafeString:
    """Return a time in UTC, which console.js turns into the reader's own time zone."""
    return _time(at, "whole", "%d %b %Y, %H:%M:%S")


@register.simple_tag
def brief_moment(at: datetime) -> SafeString:
    """Return the same for a line of many: seconds stand in its title, and what it leads to shows them."""
    return _time(at, "brief", "%d %b %Y, %H:%M")


@register.simple_tag
def since(at: datetime) -> SafeString:
    """Return since when something is listed: as a day, in UTC everywhere, where a list says no more."""
    at = at.astimezone(UTC)
    if at.time() != time.min:
        return brief_moment(at)
    day = f"{at:%Y-%m-%d}"
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', day, day, f"{at:%d %b %Y}")


@register.simple_tag(takes_context=True)
def rooms(context: Context) -> dict[str, Any]:
    """Return all wings of the console, the wing and room where the reader is, and how many alerts are open.

    A page that looks different by what it shows says in `room` whose it is.
    """
    request: HttpRequest | None = context.get("request")
    match = request.resolver_match if request is not None else None
    page = str(context.get("room") or (match.url_name if match is not None else "") or "")
    wing = next((wing for wing in WINGS if wing.holds(page)), None)
    room = next((room for room in wing.rooms if room.holds(page)), None) if wing is not None else None
    return {"wings": WINGS, "wing": wing, "room": room, "open_alerts": number_open(datetime.now(UTC))}


@register.filter
def delivery_words(state: str) -> Words:
    """Return how a delivery state is shown."""
    return DELIVERIES[DeliveryState(state)]


@register.filter
def receipt_words(state: str) -> Words:
    """Return how a delivery state of received mail is shown."""
    return RECEIVED[DeliveryState(state)]


def _time(at: datetime, look: str, shown: str) -> SafeString:
    at = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC" class="{}">{} UTC</time>',
        at.isoformat(timespec="milliseconds"),
        f"{at:%Y-%m-%d %H:%M:%S}",
        look,
        f"{at:{shown}}",
    )


register.filter("rule_words", rule_words)
register.filter("act_words", act_words)
register.filter("url_parts", url_parts)
register.filter("words_beside", words_beside)
register.filter("threat_words", threat_words)
register.filter("reason_words", reason_words)
register.filter("reported_words", reported_words)


@register.filter
def reply_line(recipient: Recipient) -> str:
    """Return what the next server said of a recipient's copy."""
    return reply_words(recipient.reply_code or "", recipient.enhanced_status, recipient.reply_text)


@register.filter
def action_words(type_: str) -> Words:
    """Return how the outcome of a click is shown."""
    return event_words(EventType(type_), Actor.UNKNOWN)


@register.filter
def actor_words(actor: str) -> Words:
    """Return how an actor is shown."""
    return ACTORS[Actor(actor)]


register.filter("message_key", to_text)


@register.filter
def of_key(found: Mapping[bytes, Sequence[object]], key: object) -> Sequence[object]:
    """Return what there is of a recipient's key, as a row holds it."""
    return found.get(bytes(key), ()) if isinstance(key, bytes | memoryview) else ()
