"""link_urls: where the links of messages lead, by the numbers that tokens name."""

from collections.abc import Iterable

from backstamp.records.database.tracking_ids import to_database
from backstamp.records.models import Link


def urls_of_links(links: Iterable[tuple[int, int]]) -> list[str]:
    """Return the URLs of links, each named by tracking id and number; unknown ones are left out."""
    numbers: dict[int, set[int]] = {}
    for tracking_id, number in links:
        numbers.setdefault(to_database(tracking_id), set()).add(number)
    rows = Link.objects.filter(message_id__in=numbers).values_list("message_id", "number", "url")
    return [url for message_id, number, url in rows if number in numbers[message_id]]
