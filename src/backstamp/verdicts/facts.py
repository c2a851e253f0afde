"""One hit as the verdict sees it: no address, only what the address told while it was in hand."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from backstamp.vocabulary import Hit, HitKind

VALUE_LIMIT: Final = 512
"""Characters of a header value that are looked at."""

_PURPOSES: Final = frozenset({"sec_purpose", "purpose", "x_purpose", "x_moz"})

DAY_US: Final = 86_400_000_000


class Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one hit tells by itself.

    Attributes:
        event: "open" for a fetch of the image, "click" for a fetch of a link.
        method: of the request.
        headers: names in lower case with `_` for `-`; see `header_facts`.
        network: label of `NetworkTable.classify`: "" for an address in no list,
            `networks.NOT_SEEN` where the address is not known.
        certain_rdns: forward-confirmed PTR name; "" where none is known or addresses are not kept.
        seconds_since_delivery: None where the moment of delivery is not known.
        day: days since 1970-01-01 UTC on which the hit came, or None.
        form_sent: whether a form of the page before a link was sent: a button was pressed there.
    """

    event: Literal["open", "click"]
    method: str = "GET"
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    network: str = ""
    certain_rdns: str = ""
    seconds_since_delivery: float | None = None
    day: int | None = None
    form_sent: bool = False

    @property
    def user_agent(self) -> str:
        """The User-Agent, or ""."""
        return self.headers.get("user_agent", "")


def header_facts(headers: Mapping[str, str]) -> dict[str, str]:
    """Return header fields as `Facts` wants them; of a name given twice in different case, one stands."""
    kept: dict[str, str] = {}
    for name, value in sorted(headers.items()):
        kept.setdefault(name.strip().lower().replace("-", "_"), value[:VALUE_LIMIT])
    return kept


def is_speculative(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that it loads ahead of the person (Sec-Purpose and its older names)."""
    if _PURPOSES.isdisjoint(headers):
        return False
    return any(
        word in headers[name].lower()
        for name in _PURPOSES
        if name in headers
        for word in ("prefetch", "prerender", "preview", "instant")
    )


def facts_of(hit: Hit, delivered_at_us: int | None, *, certain_rdns: str = "") -> Facts:
    """Return the facts of a journalled hit.

    Args:
        hit: as the edge wrote it; its header names are already in the form of `Facts`.
        delivered_at_us: when the next hop took the recipient's copy, microseconds since 1970 UTC.
        certain_rdns: forward-confirmed PTR name, only where the policy keeps addresses.
    """
    return Facts(
        event="open" if hit.kind is HitKind.PIXEL else "click",
        method=hit.method,
        headers=hit.headers,
        network=hit.network,
        certain_rdns=certain_rdns,
        seconds_since_delivery=None if delivered_at_us is None else (hit.at_us - delivered_at_us) / 1e6,
        day=hit.at_us // DAY_US,
        # The edge answers and records no other POST (`edge.link_pages`).
        form_sent=hit.method == "POST" and hit.kind is HitKind.REDIRECT,
    )
