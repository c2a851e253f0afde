"""What administrators have decided of single links: a switch in all mail, or the entry of an own list."""

from collections.abc import Iterable, Sequence
from typing import Final

from backstamp.policy import EVERYBODY, OwnList, OwnWord, link_word
from backstamp.records.database.batched import batched
from backstamp.records.models import ExpressionKill, OwnListEntry
from backstamp.urls.parsing import WebUrl, web_url

Decided = ExpressionKill | OwnListEntry
_KINDS: Final = {OwnWord.BLOCKED: OwnListEntry.Kind.BLOCKED, OwnWord.ALLOWED: OwnListEntry.Kind.ALLOWED}
_AT_ONCE: Final = 500


def decided_of(link: str, domain: str) -> Decided | None:
    """Return what holds of a URL or host in the mail of a domain; see `decided_of_each`."""
    return decided_of_each([link], domain).get(link)


def decided_of_each(links: Iterable[str], domain: str) -> dict[str, Decided]:
    """Return what holds of URLs or hosts in the mail of a domain, by link, where anything was decided.

    What is switched off is so whatever lists say. Lists of single mailboxes do not count; where `domain`
    is "", everybody's alone do.
    """
    urls = {link: web_url(link if "://" in link else f"http://{link}/") for link in links}
    digests = {link: link_word(url, None, ()).digests for link, url in urls.items() if url is not None}
    every = frozenset().union(*digests.values())
    scopes = tuple(dict.fromkeys((domain.lower(), EVERYBODY)))
    kills: list[ExpressionKill] = []
    entries: list[OwnListEntry] = []
    for some in batched(every, _AT_ONCE):
        kills += ExpressionKill.objects.filter(digest__in=some)
        entries += OwnListEntry.objects.filter(scope__in=scopes, digest__in=some)
    found: dict[str, Decided] = {}
    for link, named in digests.items():
        url = urls[link]
        assert url is not None
        killed = next((each for each in kills if bytes(each.digest) in named), None)
        theirs = [each for each in entries if bytes(each.digest) in named]
        if (decided := killed or _deciding(url, theirs, scopes)) is not None:
            found[link] = decided
    return found


def _deciding(url: WebUrl, entries: Sequence[OwnListEntry], scopes: Sequence[str]) -> OwnListEntry | None:
    word = link_word(url, None, [_as_list(entries, scope) for scope in scopes]).own
    if word is None:
        return None
    deciding = [each for each in entries if each.kind == _KINDS[word]]
    return min(deciding, key=lambda each: scopes.index(each.scope))


def _as_list(entries: Iterable[OwnListEntry], scope: str) -> OwnList:
    of_scope = [each for each in entries if each.scope == scope]
    allowed, blocked = (
        frozenset(bytes(each.digest) for each in of_scope if each.kind == kind)
        for kind in (OwnListEntry.Kind.ALLOWED, OwnListEntry.Kind.BLOCKED)
    )
    return OwnList(allowed, blocked)
