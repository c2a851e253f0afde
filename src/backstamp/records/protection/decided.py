"""What administrators have decided of a single link: a switch in all mail, or the entry of an own list."""

from backstamp.policy import EVERYBODY, OwnList, OwnWord, link_word
from backstamp.records.models import ExpressionKill, OwnListEntry
from backstamp.urls.parsing import web_url

_KINDS = {OwnWord.BLOCKED: OwnListEntry.Kind.BLOCKED, OwnWord.ALLOWED: OwnListEntry.Kind.ALLOWED}


def decided_of(link: str, domain: str) -> ExpressionKill | OwnListEntry | None:
    """Return what holds of a URL or host in the mail of a domain, and None where nobody decided anything.

    What is switched off is so whatever lists say. Lists of single mailboxes do not count.
    """
    url = web_url(link if "://" in link else f"http://{link}/")
    if url is None:
        return None
    digests = link_word(url, None, ()).digests
    if kill := ExpressionKill.objects.filter(digest__in=digests).first():
        return kill
    scopes = dict.fromkeys((domain.lower(), EVERYBODY))
    entries = list(OwnListEntry.objects.filter(scope__in=scopes, digest__in=digests))
    word = link_word(url, None, [_as_list(entries, scope) for scope in scopes]).own
    if word is None:
        return None
    deciding = [each for each in entries if each.kind == _KINDS[word]]
    return min(deciding, key=lambda each: each.scope == EVERYBODY)


def _as_list(entries: list[OwnListEntry], scope: str) -> OwnList:
    allowed, blocked = (
        frozenset(bytes(each.digest) for each in entries if (each.scope, each.kind) == (scope, kind))
        for kind in (OwnListEntry.Kind.ALLOWED, OwnListEntry.Kind.BLOCKED)
    )
    return OwnList(allowed, blocked)
