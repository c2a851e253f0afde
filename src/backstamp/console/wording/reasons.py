"""The reasons that a verdict keeps with its event, as sentences."""

from typing import Final

from django.utils.translation import gettext

from backstamp.verdicts.wording import fill

_LONGEST: Final = 300


def signals(reasons: object) -> frozenset[str]:
    """Return the names of the signals of an event's stored reasons."""
    if not isinstance(reasons, list):
        return frozenset()
    names = (reason.get("signal") for reason in reasons if isinstance(reason, dict))
    return frozenset(name for name in names if isinstance(name, str))


def reason_sentences(reasons: object) -> tuple[str, ...]:
    """Return the sentences of an event's stored reasons, in the language of the page; others are left out."""
    if not isinstance(reasons, list):
        return ()
    found = ((reason.get("text"), reason.get("values")) for reason in reasons if isinstance(reason, dict))
    return tuple(
        fill(gettext(text), values if isinstance(values, dict) else {})[:_LONGEST]
        for text, values in found
        if isinstance(text, str) and text
    )
