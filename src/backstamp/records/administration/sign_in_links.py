"""One-time sign-in links: the token is in the link and nowhere else, the database keeps its hash."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from backstamp.records.models import SignInLink

_TOKEN_BYTES: Final = 32
"""256 bits from the system's generator: nothing to guess, so a plain hash needs no salt and no delay."""


def create(email: str, ttl: timedelta) -> str:
    """Make a link for the person with this address (which may be empty), and return its token."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    SignInLink.objects.create(token_hash=_hash(token), email=email, expires_at=timezone.now() + ttl)
    return token


def address_of(token: str) -> str | None:
    """Return the address of a link without using it up; None for one that is unknown, used or expired."""
    return _usable(token).values_list("email", flat=True).first()


@transaction.atomic
def redeem(token: str) -> SignInLink | None:
    """Use a link up and return it; None for one that is unknown, used or expired.

    Of two requests at the same time one gets the link: the update asks for an unused row. All other
    links for the same person, and all that name nobody, are used up with it: each start prints such a
    link until there is an administrator, and an old terminal must not be a way in.
    """
    now = timezone.now()
    if not _usable(token).update(used_at=now):
        return None
    link = SignInLink.objects.get(token_hash=_hash(token))
    SignInLink.objects.filter(used_at__isnull=True, email__in=("", link.email)).update(used_at=now)
    return link


def delete_expired() -> int:
    """Delete links that are used or expired, and return how many."""
    now = timezone.now()
    used = SignInLink.objects.filter(used_at__isnull=False).delete()[0]
    return used + SignInLink.objects.filter(expires_at__lte=now).delete()[0]


def _usable(token: str) -> QuerySet[SignInLink]:
    return SignInLink.objects.filter(
        token_hash=_hash(token), used_at__isnull=True, expires_at__gt=timezone.now()
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
