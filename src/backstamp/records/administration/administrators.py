"""Who may sign in at the console: each of them is an administrator."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.db import transaction

from backstamp.records.models import SignInLink


class Administrator(NamedTuple):
    """One of them; `signed_in_at` is when last, aware, or None."""

    address: str
    since: datetime
    signed_in_at: datetime | None


def listed() -> Iterable[Administrator]:
    """Return all of them by address."""
    rows = get_user_model().objects.order_by("email").values_list("email", "date_joined", "last_login")
    return [Administrator(*row) for row in rows]


@transaction.atomic
def remove(address: str) -> bool:
    """Take the way in from somebody: account, open sessions, links that wait; whether they had one.

    A session names the account whose it is, and opens nothing without it. What they did keeps their name.
    Links that name nobody go too: they may be in the hands of the one who is to go.
    """
    waiting = SignInLink.objects.filter(used_at__isnull=True)
    links, _ = waiting.filter(email__iexact=address).delete()
    removed, _ = get_user_model().objects.filter(email__iexact=address).delete()
    if links or removed:
        waiting.filter(email="").delete()
    return bool(links or removed)
