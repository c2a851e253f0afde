"""Hits as JSON, one object per line: the input of `backstamp verdict` (DESIGN §5)."""

import datetime
import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar

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

_LARGEST: Final = 2.0**63
"""No count, number or time in seconds is larger; what is (or is no number) is not known. Of larger integers
Python makes no float."""

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class HitLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of input; names it does not know are passed over."""

    event: Literal["open", "click"]
    method: str = "GET"
    headers: dict[str, Any] = msgspec.field(default_factory=dict)
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


_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


def read_hit(
    line: bytes | str, networks: NetworkTable = PACKAGED_TABLE, today: datetime.date | None = None
) -> tuple[HitLine, Facts, Context]:
    """Read one hit from a line of JSON.

    `networks` says in which network an address lies; `today` is the day of a hit that names none.
    `rdns` counts as forward-confirmed unless `context.rdns_forward_confirmed` is false. What has another type
    than it should (null, a text for a number) is not known, where it cannot be read as that type (2.0, 1
    for true): only `event` must be there.

    Raises:
        ValueError: the line is no JSON object with an `event`; the text says where, without quoting the line.
    """
    if len(line) > LINE_LIMIT:
        raise ValueError(f"the line is longer than {LINE_LIMIT} octets")
    try:
        given = _decode(line)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    if given.get("event") not in ("open", "click"):
        raise ValueError('`event` must be "open" or "click"')
    hit = _read(HitLine, given)
    about = _read(_AboutTheHit, hit.context)
    context = _read(Context, _renamed(hit.context))
    day = about.hit_date or today
    facts = Facts(
        event=hit.event,
        method=hit.method,
        headers=header_facts(_usable_headers(hit.headers)),
        network=_network(hit, about, networks),
        certain_rdns=hit.rdns if hit.rdns and about.rdns_forward_confirmed else "",
        seconds_since_delivery=hit.seconds_since_delivery,
        day=None if day is None else (day - _EPOCH).days,
    )
    return hit, facts, context


def _read(into: type[_Struct], given: Mapping[str, Any]) -> _Struct:
    """Return what of the given values can be read as the fields of a struct; the others are as if missing."""
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(into):
        value = given.get(field.name)
        if value is None:
            continue
        try:
            read = msgspec.convert(value, field.type, strict=False)
        except msgspec.ValidationError:
            continue
        if not isinstance(read, int | float) or abs(read) <= _LARGEST:
            fields[field.name] = read
    return into(**fields)


def _usable_headers(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields whose values are text, or numbers, which a field may hold as well."""
    return {
        name: value if isinstance(value, str) else str(value)
        for name, value in headers.items()
        if isinstance(value, str)
        or (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST)
    }


def _renamed(context: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `Context`, also where they are written with the names of addresses."""
    fields: dict[str, Any] = {}
    for name, value in context.items():
        own = _OTHER_NAMES.get(name, name)
        for short, ours in _SHORTER_NAMES:
            own = own.replace(short, ours)
        own = _OTHER_NAMES.get(own, own)
        for kind in ("honeypot", "malformed_token"):
            if kind in own and "same_source" in own:
                own, value = f"{kind}_same_source_seconds", _seconds_apart(own, value)
        if own in _FIELDS and value is not None:
            fields[own] = value
    return fields


def _seconds_apart(name: str, value: Any) -> Any:
    """Read "within the window: yes or no" as seconds: yes is none apart, no is unknown."""
    if isinstance(value, bool) or (value in (0, 1) and "within" in name):
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
