"""asked: what a request asks for, apart from the forms: words, links of ours, switches, and the way back."""

from typing import Final
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from backstamp.console.config import console_config
from backstamp.policy.own_entries import NotNamedError, expression_of
from backstamp.records.database.tracking_ids import to_database
from backstamp.records.models import Message
from backstamp.tokens import open_token
from backstamp.tokens.pasted import leads_to, token_of

LONGEST_WORDS: Final = 5000
"""Characters, as of a URL on a list. SQLite fails at patterns of more than 50,000 bytes, half of which may be
escapes; and a page repeats what was asked for in each of its links.
"""


def words(request: HttpRequest, name: str) -> str:
    """Return the words in the address, or ""."""
    return request.GET.get(name, "").replace("\0", "").strip()[:LONGEST_WORDS]


def kept_in(request: HttpRequest, *names: str) -> str:
    """Return of the words in the address those of these names that are there, as an address has them."""
    return urlencode({name: given for name in names if (given := words(request, name))})


def message_of_link(text: str) -> int | None:
    """Return the message (its stored tracking id) of which a text is a link or the pixel, as it stands there.

    None where it is neither, or where the message is on record no more.
    """
    opened = open_token(console_config().keyring(), token_of(text))
    if opened is None:
        return None
    key = to_database(opened.tracking_id)
    return key if Message.objects.filter(pk=key).exists() else None


def original(text: str) -> str:
    """Return the URL behind a link of ours, as one copies it from a mail; anything else as it is."""
    return leads_to(console_config().keyring(), text)


def as_listed(text: str) -> str:
    """Return a host or URL as lists name it: of a URL with a long user name a field showed no host.

    One whose spelling there would be read as something else is returned as it is.
    """
    try:
        named = expression_of(original(text))
        return named if expression_of(named) == named else text
    except NotNamedError:
        return text


def switched_on(request: HttpRequest, name: str) -> bool:
    """Return which way a switch was pressed. Raises `BadRequest` where it was not: neither is safe."""
    way = request.POST.getlist(name)
    if way not in (["on"], ["off"]):
        raise BadRequest("a switch was not pressed")
    return way == ["on"]


def back_to(request: HttpRequest, page: str, section: str = "", *, of: str = "") -> HttpResponse:
    """Lead back to where somebody was in a list: forms in it bear its search and page in their address.

    `of` is whose page it is, where there is one of each.
    """
    here = request.GET.urlencode()
    path = reverse(page, args=[of] if of else [])
    return redirect(path + (f"?{here}" if here else "") + (f"#{section}" if section else ""))
