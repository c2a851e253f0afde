"""Plain lists: a host, a domain or a URL on each line; hosts files; what ad blockers read.

Whoever publishes such a list says what may be done with it. The worker fetches only lists that the
administrator names in `feeds.lists`, or reads them from files.
"""

import re
from collections.abc import Iterator
from typing import Final

from backstamp.worker.feeds.entries import Drop, Entry, EntryKind, Tally
from backstamp.worker.feeds.unpacking import Unpacked

_COMMENT: Final = re.compile(r"(?:^|\s)(?:#|//|;).*|^[!\[].*")
_ADDRESS: Final = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]+(?:%\w+)?")
_OF_THIS_MACHINE: Final = frozenset(
    {"localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0"}  # noqa: S104 (no address)
)
_HAS_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_DEFANGED: Final = re.compile(r"\[\.\]|\(\.\)")


def read(file: Unpacked, tally: Tally) -> Iterator[Entry]:
    """Yield what a list names. Raises FeedError.

    Lines may be: `evil.example`, `*.evil.example`, `http://evil.example/a`, `evil.example/a`,
    `0.0.0.0 evil.example`, `||evil.example^`, and defanged ones (`hxxp://evil[.]example/`). A host stands for
    everything on it and below it.
    """
    for line in file.lines(tally):
        yield from entries_of(line, tally)


def entries_of(line: str, tally: Tally) -> Iterator[Entry]:
    """Yield what one line names; none for a comment."""
    words = _COMMENT.sub("", line).split()
    if not words:
        return
    if len(words) > 1 and _ADDRESS.fullmatch(words[0]):
        for host in words[1:]:
            if host not in _OF_THIS_MACHINE and not host.startswith("ip6-"):
                yield Entry(EntryKind.HOST, host)
        return
    if len(words) > 1:
        tally[Drop.MALFORMED] += 1
        return
    yield _entry(words[0])


def _entry(word: str) -> Entry:
    if word.startswith("||"):
        word = word[2:].partition("^")[0]
    word = _DEFANGED.sub(".", word)
    if word[:4].lower() == "hxxp":
        word = "http" + word[4:]
    if _HAS_SCHEME.match(word):
        return Entry(EntryKind.URL, word)
    if "/" in word:
        return Entry(EntryKind.URL, f"http://{word}")
    return Entry(EntryKind.HOST, word.removeprefix("*").removeprefix("."))
