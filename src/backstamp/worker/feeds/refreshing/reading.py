"""What is believed of a file of a list."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from backstamp.worker.feeds.formats.unpacking import Unpacked, unpacked
from backstamp.worker.feeds.lists.entries import Drop, Entry, FeedError, Tally
from backstamp.worker.feeds.lists.source import Form, Source
from backstamp.worker.feeds.providers import misp, openphish, plain, urlhaus
from backstamp.worker.feeds.screening.screen import Screen, believed

FILE_FORMS: Final[dict[Form, Callable[[Unpacked, Tally], Iterator[Entry]]]] = {
    Form.URLHAUS: urlhaus.read,
    Form.OPENPHISH: openphish.read,
    Form.PLAIN: plain.read,
    Form.MISP: misp.read,
}
"""The forms of files that name URLs and hosts."""


class Read(NamedTuple):
    """What was believed: sorted expressions, each once; and how much was left out."""

    expressions: list[str]
    tally: Tally


def read_file(source: Source, path: Path, screen: Screen, *, is_whole: bool = True) -> Read:
    """Return what a file of a list says; of a MISP feed it is one event.

    `is_whole`: it is known that its end is not missing.

    Raises:
        FeedError: it is no such list, or too big.
        OSError: it cannot be read.
    """
    tally = Tally()
    with unpacked(path, source.max_unpacked, is_whole=is_whole) as file:
        found = believed(FILE_FORMS[source.form](file, tally), screen, tally, source.max_entries)
    if tally[Drop.MALFORMED] > len(found):
        raise FeedError("most of its lines name nothing: it is no such list")
    return Read(sorted(found), tally)
