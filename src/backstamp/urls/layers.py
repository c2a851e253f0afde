"""layers: a URL and all those that it may lead on to, through wrappers and redirectors."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from backstamp.urls.nested import has_unread, nested_urls
from backstamp.urls.parsing import WebUrl
from backstamp.urls.wrappers import wrapper_of

MAX_LAYERS: Final = 20
"""Each costs a look-up. Redirectors can be chained as long as a URL may be; servers refuse 8 KB."""
_MOST_CHARACTERS: Final = 16 * 1024 * 1024
"""Of one message's URLs and all in them: up to 2.5 s of a processor. 300 links of 16,000 characters, each
with twenty others in it that have all behind them for their query, took 11 s, and 5,000 more than 3 minutes.
"""
_SHORTEST: Final = len("&=//a.b")


def layers(url: WebUrl) -> Iterable[WebUrl]:
    """Return a URL and those that it may lead on to, from the outside in, twenty in all.

    A vendor's wrapper leads to what it wraps. But some are told by their path alone, and any URL may be a
    redirector: so each one in the path or query may be the target too.
    """
    inner = _inner(url)
    return _followed(url, inner) if inner else (url,)


def within_reach(urls: Sequence[WebUrl]) -> Sequence[int]:
    """Return the places, in order, of those of a message's URLs that are looked up, with all in them.

    These are all, unless somebody made links that cost more than a message may: then the short ones go first,
    for nobody shall hide a known one behind long ones.
    """
    places = range(len(urls))
    if sum([len(url.href) for url in urls]) * MAX_LAYERS <= _MOST_CHARACTERS:
        return places
    room = _MOST_CHARACTERS
    reached: list[int] = []
    for place in sorted(places, key=lambda at: len(urls[at].href)):
        room -= sum([len(layer.href) for layer in layers(urls[place])])
        if room < 0:
            break
        reached.append(place)
    return sorted(reached)


def has_more_than_layers(url: WebUrl) -> bool:
    """Return whether more URLs may stand in one than `layers` gives: somebody may hide one behind others."""
    if len(url.href) < MAX_LAYERS * _SHORTEST:
        return False
    if has_unread(url) or len(_inner(url)) >= MAX_LAYERS:
        return True
    return sum(1 for _ in layers(url)) >= MAX_LAYERS


def _inner(url: WebUrl) -> list[WebUrl]:
    wrapper = wrapper_of(url)
    inner = list(nested_urls(url))
    return inner if wrapper is None or wrapper.inner is None else [wrapper.inner, *inner]


def _followed(url: WebUrl, inner: list[WebUrl]) -> Iterator[WebUrl]:
    yield url
    seen = {url.href}
    waiting = deque(inner)
    while waiting and len(seen) < MAX_LAYERS:
        url = waiting.popleft()
        if url.href not in seen:
            seen.add(url.href)
            yield url
            waiting.extend(_inner(url))
