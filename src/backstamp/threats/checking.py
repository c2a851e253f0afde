"""checking: all that is held against a link, through whatever wraps it.

Without the administrator's own lists, which `policy.link_word` asks too: gateway and edge go by that.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from backstamp.threats.answers import Answers
from backstamp.threats.findings import Finding
from backstamp.threats.heuristics import Looks, suspicions
from backstamp.threats.lists import ThreatLists
from backstamp.urls.nested import nested_urls
from backstamp.urls.parsing import WebUrl
from backstamp.urls.safe_browsing import full_hashes
from backstamp.urls.wrappers import wrapper_of

MAX_LAYERS: Final = 20
"""Each costs a look-up. Redirectors can be chained as long as a URL may be; servers refuse 8 KB."""


def check(
    link: Looks, lists: ThreatLists | None, answers: Answers | None = None, now_us: int = 0
) -> tuple[Finding, ...]:
    """Return what the lists say of a link, and then what its looks give away. Never raises.

    Whether looks are enough to warn says `heuristics.is_suspicious`; the rest is as for `listed`.
    """
    return listed(link.url, lists, answers, now_us) + suspicions(link)


def listed(
    url: WebUrl, lists: ThreatLists | None, answers: Answers | None = None, now_us: int = 0
) -> tuple[Finding, ...]:
    """Return what the lists say of a URL and of those inside it: in other vendors' wrappers, path and query.

    The outer one comes first: that somebody protects or counts a link makes neither its host nor the target
    good. Never raises.

    Args:
        url: the link. lists: compiled lists, if there are any. answers: what publishers have said when they
        were asked; without it each bare prefix stays unconfirmed. now_us: when the answers must hold,
        microseconds since 1970 UTC.
    """
    found: list[Finding] = []
    for layer in layers(url):
        hashes = full_hashes(layer.href)
        named = lists.look_up_hashes(hashes) if lists is not None else ()
        found += named if answers is None else answers.complete(named, hashes, now_us)
    return tuple(found)


def layers(url: WebUrl) -> Iterable[WebUrl]:
    """Return a URL and those that it may lead on to, from the outside in, twenty in all.

    A vendor's wrapper leads to what it wraps. But some are told by their path alone, and any URL may be a
    redirector: so each one in the path or query may be the target too.
    """
    inner = _inner(url)
    return _followed(url, inner) if inner else (url,)


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
