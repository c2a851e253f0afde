"""checking: all that is held against a link, through whatever wraps it.

Without the administrator's own lists, which `policy.link_word` asks too: gateway and edge go by that.
"""

from backstamp.threats.answers import Answers
from backstamp.threats.findings import Finding
from backstamp.threats.heuristics import Looks, suspicions
from backstamp.threats.lists import ThreatLists
from backstamp.urls.layers import layers
from backstamp.urls.parsing import WebUrl
from backstamp.urls.safe_browsing import full_hashes


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
