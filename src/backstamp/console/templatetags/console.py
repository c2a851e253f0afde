"""Tags that keep the templates short: icons, times, states in words."""

from datetime import UTC, datetime

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backstamp.console.wording import DELIVERIES, Words
from backstamp.records.models import DeliveryState

register = template.Library()


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
    at = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{} UTC</time>',
        at.isoformat(timespec="milliseconds"),
        f"{at:%Y-%m-%d %H:%M:%S}",
        f"{at:%d %b %Y, %H:%M:%S}",
    )


@register.filter
def delivery_words(state: str) -> Words:
    """Return how a delivery state is shown."""
    return DELIVERIES[DeliveryState(state)]
