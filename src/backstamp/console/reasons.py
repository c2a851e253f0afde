"""The reasons that a verdict keeps with its event, as sentences."""

from typing import Final

_LONGEST: Final = 300


def signals(reasons: object) -> frozenset[str]:
    """Return the names of the signals of an event's stored reasons."""
    if not isinstance(reasons, list):
        return frozenset()
    names = (reason.get("signal") for reason in reasons if isinstance(reason, dict))
    return frozenset(name for name in names if isinstance(name, str))


def reason_sentences(reasons: object) -> tuple[str, ...]:
    """Return the sentences of an event's stored reasons (`verdicts.Reason` as JSON); others are left out."""
    if not isinstance(reasons, list):
        return ()
    texts = (reason.get("text") for reason in reasons if isinstance(reason, dict))
    return tuple(text[:_LONGEST] for text in texts if isinstance(text, str) and text)
