"""The newer copies of published lists: what is believed, how it is kept, how old it is."""

import datetime
from collections.abc import Iterator
from typing import Final

import msgspec

from backstamp.verdicts.networks import NETWORKS, NetworkTable
from backstamp.verdicts.published.catalogue import LISTS, PublishedList
from backstamp.verdicts.published.formats import PublishedListError, count_of

STALE_DAYS: Final = 30
"""Days after which a list is called stale: networks change hands within months (research, section 11)."""

LEAST_SHARE: Final = 0.5
"""A copy with less than this share of the prefixes known before is taken for a damaged one."""


class ListCopy(msgspec.Struct, frozen=True, kw_only=True):
    """A copy of one list: when we last heard that it is current, and what tells its publisher our version."""

    name: str
    prefixes: tuple[str, ...]
    checked_at: int
    changed_at: int
    etag: str = ""
    last_modified: str = ""


class Updates(msgspec.Struct, frozen=True):
    """All copies that are newer than what the program came with."""

    lists: tuple[ListCopy, ...] = ()

    def copy(self, name: str) -> ListCopy | None:
        """Return the copy of a list, if there is one."""
        return next((each for each in self.lists if each.name == name), None)

    def replaced(self, copy: ListCopy) -> "Updates":
        """Return the same with another copy of one list."""
        others = [each for each in self.lists if each.name != copy.name]
        return Updates(tuple(sorted([*others, copy], key=lambda each: each.name)))


class Freshness(msgspec.Struct, frozen=True, kw_only=True):
    """How old what we know of a list is. `updated` says that it is newer than the program."""

    name: str
    prefixes: int
    as_of: datetime.date
    days: int
    updated: bool

    @property
    def stale(self) -> bool:
        """Whether it should be brought up to date."""
        return self.days > STALE_DAYS


_decode: Final = msgspec.json.Decoder(Updates).decode


def encode_updates(updates: Updates) -> bytes:
    """Return the updates as JSON."""
    return msgspec.json.encode(updates)


def decode_updates(data: bytes) -> Updates:
    """Return what `encode_updates` wrote. Raises `PublishedListError`."""
    try:
        return _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise PublishedListError("it is damaged") from None


def accept(
    published: PublishedList, prefixes: tuple[str, ...], known: ListCopy | None, *, may_shrink: bool = False
) -> None:
    """Raise `PublishedListError` where a new copy cannot be what its publisher means to say.

    Args:
        published: which list.
        prefixes: of the new copy.
        known: the copy that it would replace.
        may_shrink: an operator looked, and it is so.
    """
    if len(prefixes) < published.least:
        raise PublishedListError(f"it holds {len(prefixes)} prefixes, fewer than {published.least}")
    if known is None or may_shrink:
        return
    before, now = count_of(known.prefixes), count_of(prefixes)
    for version in (4, 6):
        if now[version] < LEAST_SHARE * before[version]:
            raise PublishedListError(
                f"it holds {now[version]} IPv{version} prefixes, and {before[version]} before: "
                "less than half; if that is right, use --accept-shrink"
            )


def table_of(updates: Updates) -> NetworkTable:
    """Return the table of networks in which newer copies stand for the packaged prefixes of their labels.

    Raises:
        ValueError: a copy holds what is no network.
    """
    newer = {each.label: copy.prefixes for each in LISTS if (copy := updates.copy(each.name)) is not None}
    return NetworkTable(
        (prefix, network.label)
        for network in NETWORKS.values()
        for prefix in newer.get(network.label, network.prefixes)
    )


def freshness(updates: Updates, today: datetime.date) -> Iterator[Freshness]:
    """Say of every published list how old what we know of it is."""
    for published in LISTS:
        copy = updates.copy(published.name)
        packaged = NETWORKS[published.label]
        as_of = packaged.date if copy is None else _day(copy.checked_at)
        yield Freshness(
            name=published.name,
            prefixes=len(packaged.prefixes if copy is None else copy.prefixes),
            as_of=as_of,
            days=max(0, (today - as_of).days),
            updated=copy is not None,
        )


def _day(seconds: int) -> datetime.date:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date()
