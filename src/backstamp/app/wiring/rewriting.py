"""From settings to what holds for the rewriting of all mail."""

from backstamp.app.settings import Settings
from backstamp.app.settings.table import (
    PROTECTION_SHOWN_URLS,
    REWRITING_DKIM_SIGNED,
    REWRITING_READABLE_TEXT,
    REWRITING_VISIBLE_URLS,
    TRACKING_EXCLUDED_HOSTS,
)
from backstamp.rewriting import Options


def rewriting_options(settings: Settings) -> Options:
    """Return the options that are the same for every message."""
    return Options(
        excluded_hosts=settings[TRACKING_EXCLUDED_HOSTS],
        visible_urls=settings[REWRITING_VISIBLE_URLS],
        shown_urls=settings[PROTECTION_SHOWN_URLS],
        dkim_signed=settings[REWRITING_DKIM_SIGNED],
        readable_text=settings[REWRITING_READABLE_TEXT],
    )
