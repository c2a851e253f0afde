"""What a hit says alone, and two of them beside each other: who sent it, from where, when."""

from functools import lru_cache
from typing import Final

from backstamp.verdicts.clients import ClientKind, client_of
from backstamp.verdicts.facts import is_speculative
from backstamp.verdicts.networks import NETWORKS, SHARED_ROLES, NetworkRole
from backstamp.vocabulary import MALFORMED, Hit

_SHARED: Final = frozenset(label for label, n in NETWORKS.items() if n.role in SHARED_ROLES)


def is_shared(hit: Hit) -> bool:
    """Whether many people are known to come from the address of this hit."""
    return hit.network in _SHARED


def is_by_a_person(hit: Hit) -> bool:
    """Whether an image hit, seen alone, was a person's or a provider's proxy for a person.

    Only what is certain from the hit alone counts, so that the answer does not depend on other hits.
    """
    if MALFORMED in hit.headers:
        return False
    return _is_a_persons(user_agent_of(hit), hit.network, "accept_language" in hit.headers)


@lru_cache(maxsize=4096)
def _is_a_persons(user_agent: str, label: str, has_language: bool) -> bool:
    kind = client_of(user_agent).kind
    network = NETWORKS.get(label)
    if kind is ClientKind.GOOGLE_IMAGE_PROXY:
        return network is not None and network.role is NetworkRole.IMAGE_PROXY
    if kind in (ClientKind.MAIL_PROXY, ClientKind.MAIL_CLIENT):
        return True
    if network is not None and network.role in (NetworkRole.SCANNER, NetworkRole.HOSTING, NetworkRole.CLOUD):
        return False
    return kind is ClientKind.BROWSER and has_language


def is_fetch(hit: Hit) -> bool:
    """Whether a hit asked for what it names, as a program does that follows a link."""
    headers = hit.headers
    return hit.method == "GET" and MALFORMED not in headers and not is_speculative(headers)


def user_agent_of(hit: Hit) -> str:
    """Return the User-Agent of a hit, or ""."""
    return hit.headers.get("user_agent", "")


def moment_of(hit: Hit) -> tuple[int, str, bytes]:
    """Order by time; the rest only makes ties come out the same whatever the order of arrival."""
    return hit.at_us, user_agent_of(hit), hit.source


def seconds_between(earlier: Hit, later: Hit) -> float:
    """Return the seconds from one hit to another."""
    return (later.at_us - earlier.at_us) / 1e6


def is_same_source(one: Hit, other: Hit) -> bool:
    """Whether two hits are known to come from one source."""
    return bool(one.source) and one.source == other.source


def is_other_source(one: Hit, other: Hit) -> bool:
    """Whether two hits are known to come from different sources."""
    return bool(one.source) and bool(other.source) and one.source != other.source
