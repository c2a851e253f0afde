"""The administrators' own lists: hosts and URLs that are allowed or blocked, for all or for some."""

from django.db.models import QuerySet

from backstamp.policy import EVERYBODY
from backstamp.policy.own_entries import NotNamedError, digest_of, expression_of
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.administration.sender_domains import domain_name
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.models import LiftedAllowance, OwnListEntry
from backstamp.records.protection.domain_settings import LONGEST_NAME, mail_address
from backstamp.tokens import Keyring

Kind = OwnListEntry.Kind


def entries() -> QuerySet[OwnListEntry]:
    """Return all entries by expression."""
    return OwnListEntry.objects.order_by("expression", "scope")


def add(kind: Kind, text: str, whose: str, keyring: Keyring, *, by: str, note: str = "") -> bool:
    """Put a host or URL on a list; return whether that changes anything.

    `whose` list: "" everybody's, a domain's or a mailbox's. An entry of the other kind gives way. Raises
    `RefusedError`.
    """
    scope, name = _scope(whose, keyring)
    expression = _expression(text)
    digest = digest_of(expression)
    with one_at_a_time():  # alerts let an entry go that is deleted
        before = OwnListEntry.objects.filter(scope=scope, digest=digest)
        if before.filter(kind=kind).exists():
            return False
        # Not updated: the publisher sees a new row, and no changed one.
        before.delete()
        OwnListEntry.objects.create(
            scope=scope,
            scope_name=name,
            kind=kind,
            expression=expression,
            digest=digest,
            note=note.replace("\0", "")[:500],
            by=by[:LONGEST_NAME],
        )
    return True


def remove(text: str, whose: str, keyring: Keyring) -> bool:
    """Take a host or URL off the list of `whose`; return whether it was there. Raises `RefusedError`."""
    scope, _ = _scope(whose, keyring)
    entry = OwnListEntry.objects.filter(scope=scope, digest=digest_of(_expression(text))).first()
    if entry is None:
        return False
    take_off(entry)
    return True


def take_off(entry: OwnListEntry) -> None:
    """Take an entry off its list. What it allowed is looked for in mail of before (`looking_back`)."""
    with one_at_a_time():  # alerts let an entry go that is deleted
        entry.delete()
        if entry.kind == Kind.ALLOWED:
            LiftedAllowance.objects.create(
                scope=entry.scope, expression=entry.expression, allowed_at=entry.since
            )


def _scope(whose: str, keyring: Keyring) -> tuple[str, str]:
    """Return the scope as lists know it, and the name by which people do."""
    whose = whose.strip()
    if not whose:
        return EVERYBODY, ""
    if "@" not in whose:
        domain = domain_name(whose)
        return domain, domain
    address = mail_address(whose)
    return keyring.recipient_key(address).hex(), address


def _expression(text: str) -> str:
    try:
        return expression_of(text)
    except NotNamedError as error:
        raise RefusedError(str(error)) from None
