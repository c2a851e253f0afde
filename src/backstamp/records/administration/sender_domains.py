"""The domains of the organisation: each has a number in tokens."""

from typing import Final

from backstamp.policy.own_entries import NotNamedError, host_of
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.models import SenderDomain

LAST_DOMAIN_ID: Final = 65_535
"""A domain's number has two bytes in tokens."""


def domain_named(name: str) -> SenderDomain:
    """Return the row of a domain, made where there is none.

    Raises `RefusedError` for what is no domain, and where all numbers are used up.
    """
    row, created = SenderDomain.objects.get_or_create(name=domain_name(name))
    if created and row.pk > LAST_DOMAIN_ID:
        row.delete()
        raise RefusedError(f"there is room for {LAST_DOMAIN_ID} domains, and it is used up")
    return row


def domain_name(name: str) -> str:
    """Return a domain of mail addresses in lower case and A-labels. Raises `RefusedError` if it is none."""
    try:
        host = host_of(name.strip(), wanted="domain")
    except NotNamedError as error:
        raise RefusedError(str(error)) from None
    if host.startswith("[") or host.replace(".", "").isdigit():
        raise RefusedError(f"{host} is an address, no domain")
    return host
