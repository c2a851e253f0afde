"""links: what own lists and threat lists say of a link, one by one of the URLs that it may lead on to."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

import msgspec

from backstamp.policy.clicks import DIGEST_BYTES, OwnWord, own_word
from backstamp.policy.protection import OwnList
from backstamp.threats import Finding
from backstamp.threats.answers import Answers
from backstamp.threats.heuristics import lead_nowhere
from backstamp.threats.lists import ThreatLists
from backstamp.urls.layers import layers
from backstamp.urls.parsing import WebUrl
from backstamp.urls.safe_browsing import expressions, expressions_by_hash, full_hashes

_AT_ONCE: Final = 16_384
"""Characters of URLs: expressions are up to thirty times as many, and all are in memory together."""


class LinkWord(msgspec.Struct, frozen=True):
    """What lists say of a link.

    `own` is the administrator's word on it all. `findings` are the threat lists'. `digests` are those of all
    expressions, for kills. `looks_from` is the URL from which on the looks are to be judged: the first one
    that no own list allows, None where all are allowed.
    """

    own: OwnWord | None
    findings: tuple[Finding, ...]
    digests: frozenset[bytes]
    looks_from: WebUrl | None


def link_word(
    url: WebUrl,
    lists: ThreatLists | None,
    own_lists: Sequence[OwnList],
    answers: Answers | None = None,
    now_us: int = 0,
) -> LinkWord:
    """Return what is listed of a URL and of those inside it (`urls.layers`). Never raises.

    `answers` are what publishers have said when they were asked, as far as it holds at `now_us` (microseconds
    since 1970 UTC); without them each bare prefix stays unconfirmed.

    `own_lists` are the narrowest first. One that blocks any of them blocks the link. One that allows clears
    the URL that it names and no other: anybody may put an allowed URL into the query of his own, and an
    allowed redirector leads anywhere. The link is allowed where each of them is.
    """
    blocked = False
    looks_from: WebUrl | None = None
    findings: list[Finding] = []
    all_digests: set[bytes] = set()
    for layer in layers(url):
        hashes = full_hashes(layer.href)
        digests = {digest[:DIGEST_BYTES] for _, digest in hashes}
        all_digests |= digests
        word = own_word(digests, own_lists)
        blocked = blocked or word is OwnWord.BLOCKED
        if word is OwnWord.ALLOWED:
            continue
        looks_from = looks_from or layer
        named = lists.look_up_hashes(hashes) if lists is not None else ()
        findings += named if answers is None else answers.complete(named, hashes, now_us)
    if blocked:
        own: OwnWord | None = OwnWord.BLOCKED
    else:
        own = OwnWord.ALLOWED if looks_from is None else None
    return LinkWord(own, tuple(findings), frozenset(all_digests), looks_from)


def link_words(
    urls: Iterable[WebUrl],
    lists: ThreatLists | None,
    own_lists: Sequence[OwnList],
    answers: Answers | None = None,
    now_us: int = 0,
) -> Iterator[LinkWord | None]:
    """Yield `link_word` of each of a message's links; None where nothing is listed of it, as of most.

    They share hosts and folders: each expression is hashed and looked for once, together with many others,
    and only links with one that is named are looked at one by one.
    """
    if lists is None and not own_lists and (answers is None or not answers.dangerous):
        yield from (None for _ in urls)
        return
    for some in _portions(urls):
        alone = lead_nowhere(some)
        of_links = [
            [each for layer in ((url,) if alone else layers(url)) for each in expressions(layer.href)]
            for url in some
        ]
        named = _named({each for of_link in of_links for each in of_link}, lists, own_lists, answers)
        for url, of_link in zip(some, of_links, strict=True):
            if named.isdisjoint(of_link):
                yield None
            else:
                yield link_word(url, lists, own_lists, answers, now_us)


def _portions(urls: Iterable[WebUrl]) -> Iterator[list[WebUrl]]:
    some: list[WebUrl] = []
    size = 0
    for url in urls:
        some.append(url)
        size += len(url.href)
        if size >= _AT_ONCE:
            yield some
            some, size = [], 0
    yield some


def _named(
    all_expressions: Iterable[str],
    lists: ThreatLists | None,
    own_lists: Sequence[OwnList],
    answers: Answers | None,
) -> set[str]:
    """Return those expressions of which a list or an answer has anything to say."""
    of_hash = expressions_by_hash(all_expressions)
    named: set[str] = set()
    if lists is not None:
        named.update([of_hash[whole] for whole in lists.named_among(list(of_hash))])
    if answers is not None and answers.dangerous:
        named.update([each for whole, each in of_hash.items() if whole in answers.dangerous])
    if own_lists:
        of_digest = {whole[:DIGEST_BYTES]: each for whole, each in of_hash.items()}
        entries = chain.from_iterable((own.blocked, own.allowed) for own in own_lists)
        named.update([of_digest[digest] for some in entries for digest in some.intersection(of_digest)])
    return named
