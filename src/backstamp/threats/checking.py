"""checking: all that the lists say of a link, through whatever wraps it."""

from collections.abc import Iterator

from backstamp.threats.findings import Finding
from backstamp.threats.lists import ThreatLists
from backstamp.urls.parsing import WebUrl
from backstamp.urls.wrappers import MAX_DEPTH, wrapper_of


def listed(url: WebUrl, lists: ThreatLists) -> tuple[Finding, ...]:
    """Return what the lists say of a URL and of those that other vendors' wrappers hold inside it.

    The outer one comes first: that somebody protects or counts a link makes neither its host nor the target
    good. Never raises.
    """
    return tuple(finding for layer in layers(url) for finding in lists.look_up(layer.href))


def layers(url: WebUrl) -> Iterator[WebUrl]:
    """Yield a URL and what is wrapped in it, from the outside in, through at most five wrappers."""
    yield url
    for _ in range(MAX_DEPTH):
        wrapper = wrapper_of(url)
        if wrapper is None or wrapper.inner is None:
            return
        url = wrapper.inner
        yield url
