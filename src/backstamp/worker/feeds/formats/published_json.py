"""JSON of a feed: text of somebody else, who may err or mean harm."""

from typing import TypeVar

import msgspec

from backstamp.worker.feeds.lists.entries import FeedError

T = TypeVar("T")


def decoded(text: bytes | str, kind: type[T], otherwise: str) -> T:
    """Return what the text says.

    Raises:
        FeedError: it is not of that kind; `otherwise` says so. A reader that fails in another way would end
            the process in which all lists are refreshed, those of others too.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise FeedError(otherwise) from None
