"""What hits and reports name by number, looked up for many at once: recipients' addresses, links, domains."""

from collections.abc import Iterable
from typing import Final

from backstamp.records.database.keyed_selects import select_for_keys
from backstamp.records.models import SenderDomain

_ADDRESSES: Final = (
    'SELECT r.message_id, r."index", r.address FROM keys CROSS JOIN records_recipient r '
    'WHERE r.message_id = keys.m AND r."index" = keys.r'
)
_LINKS: Final = (
    "SELECT l.message_id, l.number, l.url, l.text FROM keys CROSS JOIN records_link l "
    "WHERE l.message_id = keys.m AND l.number = keys.n"
)
_POLICIES: Final = (
    "SELECT m.tracking_id, d.name FROM keys CROSS JOIN records_message m CROSS JOIN records_senderdomain d "
    "WHERE m.tracking_id = keys.m AND d.id = m.domain_id"
)


def addresses(pairs: Iterable[tuple[int, int | None]]) -> dict[tuple[int, int | None], str]:
    """Return the addresses of recipients (message, index); None is nobody."""
    named = {pair for pair in pairs if pair[1] is not None}
    rows = select_for_keys(_ADDRESSES, ("m", "r"), named)
    return {(message, index): address for message, index, address in rows}


def links(named: Iterable[tuple[int, int | None]]) -> dict[tuple[int, int | None], tuple[str, str]]:
    """Return URL and words of links (message, number); None is no link."""
    rows = select_for_keys(_LINKS, ("m", "n"), {link for link in named if link[1] is not None})
    return {(message, number): (url, text) for message, number, url, text in rows}


def urls(named: Iterable[tuple[int, int | None]]) -> dict[tuple[int, int | None], str]:
    """Return the URLs of links (message, number); None is no link."""
    return {link: url for link, (url, _) in links(named).items()}


def domain_names(numbers: Iterable[int]) -> dict[int, str]:
    """Return the names of domains by their numbers in tokens."""
    return dict(SenderDomain.objects.filter(pk__in=set(numbers)).values_list("pk", "name"))


def policies(messages: Iterable[int]) -> dict[int, str]:
    """Return the names of the domains by whose policy messages (stored tracking ids) went."""
    return dict(select_for_keys(_POLICIES, ("m",), {(message,) for message in messages}))
