"""Which header fields of a request are kept in its hit, and how much of them."""

from collections.abc import Sequence
from typing import Final

VALUE_LIMIT: Final = 512
"""Characters kept of a value; the longest honest User-Agent has some 300."""

KEPT_HEADERS: Final = {
    name: name.replace("-", "_")
    for name in (
        "accept",
        "accept-language",
        "dnt",
        "purpose",
        "referer",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-user",
        "sec-gpc",
        "sec-purpose",
        "user-agent",
        "x-moz",
        "x-purpose",
    )
}
"""The fields that tell a person from a machine, and their names in a hit. No cookie, no client hints."""


def kept_headers(items: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return what is kept of a request's header section.

    `items` has names in lower case, in the order of the request. Of a field that comes twice the first
    counts, as it does for servers that see one value only.
    """
    kept = {
        KEPT_HEADERS[name]: value[:VALUE_LIMIT] for name, value in reversed(items) if name in KEPT_HEADERS
    }
    if "referer" in kept:
        kept["referer"] = referring_host(kept["referer"])
    return kept


def referring_host(referer: str) -> str:
    """Return the host of a Referer: the rest may hold what somebody reads in a webmail."""
    return referer.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
