"""URLhaus (abuse.ch): URLs that serve malware; here those of the last 30 days, some tens of thousands.

Terms (urlhaus.abuse.ch/api, abuse.ch "Fair use"): an Auth-Key is wanted, which comes with a free account
(auth.abuse.ch); use is free where it is fair, and who uses the data commercially or a lot is asked to talk to
their partner Spamhaus. The exports are made every 5 minutes and must not be asked for more often. So it is
off unless it is named and has a key. The key is a part of the export's path: nothing that may be logged holds
the URL.

The forms are those of its exports: CSV, JSON (an object of arrays by id), hosts file, plain URLs.
"""

import csv
from collections.abc import Iterator
from typing import Final

import msgspec

from backstamp.worker.feeds.formats.published_json import decoded
from backstamp.worker.feeds.formats.unpacking import Unpacked
from backstamp.worker.feeds.lists.entries import Drop, Entry, EntryKind, FeedError, Tally
from backstamp.worker.feeds.providers import plain

URL: Final = "https://urlhaus-api.abuse.ch/v2/files/exports/{key}/recent.csv"
_URL_COLUMN: Final = 2


class _Row(msgspec.Struct):
    url: str


class _Recent(msgspec.Struct):
    urls: list[_Row]


def read(file: Unpacked, tally: Tally) -> Iterator[Entry]:
    """Yield the URLs, or the hosts of a hosts file. Raises FeedError."""
    if file.begins_with(b"{"):
        # Perhaps all on one line, which is longer than a line may be.
        yield from _of_json(file.read().decode("utf-8-sig", "replace"))
        return
    column = _URL_COLUMN
    for line in file.lines(tally):
        if line.startswith("#"):
            names = [name.strip() for name in line.lstrip("# ").split(",")]
            column = names.index("url") if "url" in names else column
        elif line.startswith("{"):
            yield from _of_json(line + "\n" + file.read().decode("utf-8", "replace"))
        elif line.startswith('"'):
            yield from _of_csv(line, column, tally)
        else:
            yield from plain.entries_of(line, tally)


def _of_csv(line: str, column: int, tally: Tally) -> Iterator[Entry]:
    try:
        fields = next(csv.reader([line], strict=True))
        yield Entry(EntryKind.URL, fields[column])
    except (csv.Error, IndexError):
        tally[Drop.MALFORMED] += 1


def _of_json(text: str) -> Iterator[Entry]:
    """Yield the URLs of an export, or of the answer to a question about recent ones (`{"urls": [...]}`)."""
    otherwise = "it is no JSON of URLhaus"
    try:
        rows = decoded(text, dict[str, list[_Row]], otherwise)
    except FeedError:
        rows = {"": decoded(text, _Recent, otherwise).urls}
    for found in rows.values():
        for row in found:
            yield Entry(EntryKind.URL, row.url)
