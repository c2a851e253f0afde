"""From a request to a hit: which header fields are kept, and how much of them."""

from typing import Final

from backstamp.tokens import LinkToken, PixelToken
from backstamp.vocabulary import Hit, HitKind

VALUE_LIMIT: Final = 512
"""Characters kept of a value; the longest honest User-Agent has some 300."""
FORWARDED_FOR: Final = "x-forwarded-for"

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

_NAMES: Final = KEPT_HEADERS | {FORWARDED_FOR: FORWARDED_FOR}


def kept_headers(items: list[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Return what is kept of a request's header section, and all values of X-Forwarded-For.

    `items` has names in lower case, in the order of the request. Of a field that comes twice the first
    counts, as it does for servers that see one value only.
    """
    kept: dict[str, str] = {}
    forwarded: list[str] = []
    for name, value in items:
        known = _NAMES.get(name)
        if known is None or known in kept:
            continue
        if known is FORWARDED_FOR:
            forwarded.append(value)
        else:
            kept[known] = value[:VALUE_LIMIT]
    if "referer" in kept:
        kept["referer"] = referring_host(kept["referer"])
    return kept, forwarded


def referring_host(referer: str) -> str:
    """Return the host of a Referer: the rest may hold what somebody reads in a webmail."""
    return referer.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]


def hit_of(
    token: PixelToken | LinkToken,
    at_us: int,
    method: str,
    headers: dict[str, str],
    network: str,
    source: bytes,
    address: str | None,
) -> Hit:
    """Return the hit that a request for an opened token is."""
    if isinstance(token, PixelToken):
        return Hit(
            at_us=at_us,
            kind=HitKind.PIXEL,
            domain_id=token.domain_id,
            tracking_id=token.tracking_id,
            method=method,
            recipient_key=token.recipient_key,
            headers=headers,
            network=network,
            source=source,
            address=address,
        )
    return Hit(
        at_us=at_us,
        kind=HitKind.REDIRECT,
        domain_id=token.domain_id,
        tracking_id=token.tracking_id,
        method=method,
        recipient_index=token.recipient_index,
        link_number=token.link_number,
        headers=headers,
        network=network,
        source=source,
        address=address,
    )
