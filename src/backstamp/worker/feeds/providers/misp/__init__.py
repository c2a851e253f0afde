"""MISP feeds: a folder on a web server with `manifest.json` and one JSON file for each event.

Whoever publishes such a feed says what may be done with it (CIRCL's OSINT feed is free for any use). The
worker fetches only those that the administrator names in `feeds.lists`, as `misp+https://...`.

Of an event count the attributes that are marked for detection (`to_ids`), of the types url, domain, hostname,
domain|ip and hostname|port; deleted ones do not. Events that have not changed are not fetched again, and of a
feed with many the newest come first.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from backstamp.worker.feeds.formats.published_json import decoded
from backstamp.worker.feeds.formats.unpacking import Unpacked
from backstamp.worker.feeds.lists.entries import Entry, EntryKind, Tally

MANIFEST: Final = "manifest.json"
MOST_EVENTS: Final = 5000
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_VERSION: Final = re.compile(r"[0-9]{1,20}")
"""Seconds since 1970. Python makes no number of more than 4300 digits, and raises ValueError."""
_KINDS: Final = {
    "url": EntryKind.URL,
    "domain": EntryKind.HOST,
    "hostname": EntryKind.HOST,
    "domain|ip": EntryKind.HOST,
    "hostname|port": EntryKind.HOST,
}


class _Listed(msgspec.Struct):
    timestamp: int | str = 0


class _Attribute(msgspec.Struct):
    type: str = ""
    value: str = ""
    to_ids: bool | str | int = False
    deleted: bool | str | int = False


class _Object(msgspec.Struct):
    attributes: list[_Attribute] = msgspec.field(default_factory=list, name="Attribute")


class _Event(msgspec.Struct):
    attributes: list[_Attribute] = msgspec.field(default_factory=list, name="Attribute")
    objects: list[_Object] = msgspec.field(default_factory=list, name="Object")


class _File(msgspec.Struct):
    event: _Event = msgspec.field(name="Event")


def read_manifest(data: bytes) -> list[tuple[str, str]]:
    """Return the newest events of a feed, at most `MOST_EVENTS`: the name of each, and which version it is.

    Raises:
        FeedError: it is no manifest.
    """
    listed = decoded(data, dict[str, _Listed], "its manifest is no manifest of MISP")
    events = [(uuid, int(each.timestamp)) for uuid, each in listed.items() if _is_good(uuid, each)]
    events.sort(key=lambda event: event[1], reverse=True)
    return [(uuid, str(timestamp)) for uuid, timestamp in events[:MOST_EVENTS]]


def read(file: Unpacked, _: Tally) -> Iterator[Entry]:
    """Yield what the event in a file names. Raises FeedError."""
    return read_event(file.read())


def read_event(data: bytes) -> Iterator[Entry]:
    """Yield what an event names. Raises FeedError."""
    event = decoded(data, _File, "an event of it is no event of MISP").event
    yield from _entries(event.attributes)
    for each in event.objects:
        yield from _entries(each.attributes)


def _is_good(uuid: str, listed: _Listed) -> bool:
    """Whether the name is safe in a path, and the version a number."""
    return _UUID.fullmatch(uuid) is not None and _VERSION.fullmatch(str(listed.timestamp)) is not None


def _entries(attributes: Iterable[_Attribute]) -> Iterator[Entry]:
    for attribute in attributes:
        kind = _KINDS.get(attribute.type)
        if kind is not None and _is_true(attribute.to_ids) and not _is_true(attribute.deleted):
            value = attribute.value.strip()
            yield Entry(kind, value if kind is EntryKind.URL else value.partition("|")[0])


def _is_true(value: bool | str | int) -> bool:
    return value in (True, 1, "1", "true")
