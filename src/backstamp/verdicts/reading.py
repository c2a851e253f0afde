"""Hits as JSON, one object per line: the input of `backstamp verdict` (DESIGN §5)."""

import datetime
import re
from typing import Any, Final, Literal

import msgspec

from backstamp.verdicts.context import Context
from backstamp.verdicts.facts import Facts, header_facts
from backstamp.verdicts.networks import NOT_SEEN, PACKAGED_TABLE, NetworkTable, network_class_of_asn

LINE_LIMIT: Final = 1_000_000
"""Octets of one line; more is refused."""

_EPOCH: Final = datetime.date(1970, 1, 1)
_FIELDS: Final = frozenset(Context.__struct_fields__)
_SHORTER_NAMES: Final = (
    ("same_ip", "same_source"),
    ("from_ip", "from_source"),
    ("other_asn", "other_network"),
)
_OTHER_NAMES: Final = {
    "same_source_as_sender_api_session": "same_source_as_sender_session",
    "same_ua_as_sender_session": "same_user_agent_as_sender_session",
    "same_link_other_ip_seconds_ago": "other_network_same_link_seconds_before",
    "open_same_second_same_source": "same_source_opened_within_1s",
    "click_same_second_same_source": "same_source_clicked_within_1s",
}


class HitLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of input; names it does not know are passed over."""

    event: Literal["open", "click"]
    method: str = "GET"
    headers: dict[str, str | None] = msgspec.field(default_factory=dict)
    ip: str | None = None
    cidr: str | None = None
    asn: int | None = None
    rdns: str | None = None
    seconds_since_delivery: float | None = None
    context: dict[str, Any] = msgspec.field(default_factory=dict)
    id: str | int | None = None


class _AboutTheHit(msgspec.Struct, frozen=True):
    """The keys of `context` that tell about the hit itself, not about its siblings."""

    hit_date: datetime.date | None = None
    in_icloud_relay_list: bool = False
    rdns_forward_confirmed: bool = True


_decode: Final = msgspec.json.Decoder(HitLine).decode


def read_hit(
    line: bytes | str, networks: NetworkTable = PACKAGED_TABLE, today: datetime.date | None = None
) -> tuple[HitLine, Facts, Context]:
    """Read one hit from a line of JSON.

    `networks` says in which network an address lies; `today` is the day of a hit that names none.
    `rdns` counts as forward-confirmed unless `context.rdns_forward_confirmed` is false.

    Raises:
        ValueError: the line is no JSON object of that form; the text says where, without quoting the line.
    """
    if len(line) > LINE_LIMIT:
        raise ValueError(f"the line is longer than {LINE_LIMIT} octets")
    try:
        hit = _decode(line)
        about = msgspec.convert(_given(hit.context), _AboutTheHit)
        context = msgspec.convert(_renamed(hit.context), Context)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    day = about.hit_date or today
    facts = Facts(
        event=hit.event,
        method=hit.method,
        headers=header_facts({name: value for name, value in hit.headers.items() if value is not None}),
        network=_network(hit, about, networks),
        certain_rdns=hit.rdns if hit.rdns and about.rdns_forward_confirmed else "",
        seconds_since_delivery=hit.seconds_since_delivery,
        day=None if day is None else (day - _EPOCH).days,
    )
    return hit, facts, context


def _given(context: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in context.items() if value is not None}


def _renamed(context: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `Context`, also where they are written with the names of addresses."""
    fields: dict[str, Any] = {}
    for name, value in _given(context).items():
        own = _OTHER_NAMES.get(name, name)
        for short, ours in _SHORTER_NAMES:
            own = own.replace(short, ours)
        own = _OTHER_NAMES.get(own, own)
        if own.startswith("honeypot_") and "same_source" in own:  # given as a fact, or as seconds apart
            own, value = "honeypot_same_source_seconds", _seconds_apart(value)
        if own in _FIELDS:
            fields[own] = value
    return fields


def _seconds_apart(value: Any) -> Any:
    """Read "within the window: yes or no" as seconds: yes is none apart, no is unknown."""
    if isinstance(value, bool):
        return 0.0 if value else None
    return value


def _network(hit: HitLine, about: _AboutTheHit, networks: NetworkTable) -> str:
    """Return the label: by address, else by the range, else by the AS number."""
    if about.in_icloud_relay_list:
        return "apple_relay"
    address = hit.ip or re.sub(r"/\d{1,3}\Z", "", hit.cidr or "")
    label = networks.classify(address) if address else NOT_SEEN
    if label in ("", NOT_SEEN) and hit.asn is not None:
        label = network_class_of_asn(hit.asn) or label
    return label
