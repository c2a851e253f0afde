"""asked: what a request asks for, apart from the forms: words to search by, and switches."""

from typing import Final

from django.core.exceptions import BadRequest
from django.http import HttpRequest

LONGEST_WORDS: Final = 5000
"""Characters, as of a URL on a list. SQLite fails at patterns of more than 50,000 bytes, half of which may be
escapes; and a page repeats what was asked for in each of its links.
"""


def words(request: HttpRequest, name: str) -> str:
    """Return the words in the address, or ""."""
    return request.GET.get(name, "").replace("\0", "").strip()[:LONGEST_WORDS]


def switched_on(request: HttpRequest, name: str) -> bool:
    """Return which way a switch was pressed. Raises `BadRequest` where it was not: neither is safe."""
    way = request.POST.getlist(name)
    if way not in (["on"], ["off"]):
        raise BadRequest("a switch was not pressed")
    return way == ["on"]
