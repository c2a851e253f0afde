"""The languages of pages for readers, and the best one for a reader."""

import re
from typing import Final

LANGUAGES: Final = ("en", "de", "ko")
"""The first one is for those who read none of them."""
_QUALITY: Final = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


def language_of(accepted: str | None) -> str:
    """Return the best language that we have for an Accept-Language (RFC 9110 §12.5.4)."""
    best, best_quality = LANGUAGES[0], 0.0
    for item in (accepted or "")[:500].split(","):
        tag, _, parameter = item.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        match = _QUALITY.fullmatch(parameter.strip())
        quality = float(match[1]) if match else 1.0
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = language, quality
    return best
