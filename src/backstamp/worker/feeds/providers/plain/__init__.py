"""Plain lists: a host, a domain or a URL on each line; hosts files; what ad blockers read.

Whoever publishes such a list says what may be done with it. The worker fetches only lists that the
administrator names in `feeds.lists`, or reads them from files.
"""

import re
from collections.abc import Iterator
from typing import Final

from backstamp.urls.as_listed import as_listed
from backstamp.worker.feeds.formats.unpacking import Unpacked
from backstamp.worker.feeds.lists.entries import Drop, Entry, EntryKind, Tally
from backstamp.worker.feeds.providers.plain.filter_rules import is_filter_rule, named_by_rule

_COMMENT: Final = re.compile(r"(?:^|\s)(?:#|//|;).*|^!.*|^\[(?![0-9a-fA-F.]*:).*")
"""Behind `[` stands the name of a filter list's form, or an IPv6 address."""
_ADDRESS: Final = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F:]{0,39}:[0-9a-fA-F:.]{1,45}(?:%\w{1,32})?")
"""Bounded in length: a line of 16 KB of colons took 4 s, and a list of them all night."""
_OF_THIS_MACHINE: Final = frozenset(
    {"localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0"}  # noqa: S104 (no address)
)
_HAS_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def read(file: Unpacked, tally: Tally) -> Iterator[Entry]:
    """Yield what a list names. Raises FeedError.

    Lines may be: `evil.example`, `http://evil.example/a`, `evil.example/a`, both as people disguise them and
    with the wildcards they add (`urls.as_listed`), `0.0.0.0 evil.example`, and rules of filter lists that
    name a whole host or address (`filter_rules`). A host stands for everything on it and below it.
    """
    for line in file.lines(tally):
        yield from entries_of(line, tally)


def entries_of(line: str, tally: Tally) -> Iterator[Entry]:
    """Yield what one line names; none for a comment."""
    words = _COMMENT.sub("", line).split()
    if not words:
        return
    if len(words) > 1 and _ADDRESS.fullmatch(words[0]):
        # In a hosts file a comment begins at any "#" (hosts(5)).
        for host in " ".join(words[1:]).partition("#")[0].split():
            if host not in _OF_THIS_MACHINE and not host.startswith("ip6-"):
                yield Entry(EntryKind.HOST, host)
        return
    entry = _entry(words[0]) if len(words) == 1 else None
    if entry is None:
        tally[Drop.MALFORMED] += 1
    else:
        yield entry


def _entry(word: str) -> Entry | None:
    name = named_by_rule(word) if is_filter_rule(word) else as_listed(word)
    if name is None:
        return None
    if _HAS_SCHEME.match(name):
        return Entry(EntryKind.URL, name)
    if "/" in name:
        return Entry(EntryKind.URL, f"http://{name}")
    return Entry(EntryKind.HOST, name.partition("#")[0])
