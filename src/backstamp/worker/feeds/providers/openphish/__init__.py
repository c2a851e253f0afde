"""OpenPhish: exact URLs of phishing pages, one a line, some hundreds to thousands.

Terms (openphish.com, "What are the Terms of Use?"): the data may be used for non-commercial and internal
business purposes only; any other commercial use needs their written permission. Protecting the mailboxes of
one's own organisation is internal use; protecting customers' is not. So it is off unless it is named. The
free list changes every 6 hours.
"""

from collections.abc import Iterator

from backstamp.worker.feeds.formats.unpacking import Unpacked
from backstamp.worker.feeds.lists.entries import Drop, Entry, EntryKind, Tally

URL = "https://openphish.com/feed.txt"


def read(file: Unpacked, tally: Tally) -> Iterator[Entry]:
    """Yield the URLs. Raises FeedError."""
    for line in file.lines(tally):
        if line.startswith(("http://", "https://")):
            yield Entry(EntryKind.URL, line)
        elif line:
            tally[Drop.MALFORMED] += 1
