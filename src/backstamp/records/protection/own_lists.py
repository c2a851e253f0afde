"""The administrators' own lists: hosts and URLs that are allowed or blocked, for all or for some."""

from collections.abc import Iterable
from typing import Final

from django.db.models import Q, QuerySet

from backstamp.policy import EVERYBODY
from backstamp.policy.own_entries import NotNamedError, digest_of, expression_of
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.administration.sender_domains import domain_name
from backstamp.records.database.batched import batched
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.database.texts import clean
from backstamp.records.models import LONGEST_USER, LiftedAllowance, OwnListEntry
from backstamp.records.protection.domain_settings import mail_address
from backstamp.tokens import Keyring
from backstamp.tokens.pasted import leads_to
from backstamp.urls.safe_browsing import expressions

Kind = OwnListEntry.Kind
_AT_ONCE: Final = 500
"""Entries in a turn with the database, so that nobody waits long for ten thousand."""


def entries(search: str = "") -> QuerySet[OwnListEntry]:
    """Return all entries by expression, or those that hold the words or name the URL that is searched for."""
    rows = OwnListEntry.objects.order_by("expression", "scope")
    if not search:
        return rows
    named = [digest_of(each) for each in expressions(search)] if "://" in search else []
    return rows.filter(Q(expression__icontains=search) | Q(digest__in=named))


def add(kind: Kind, text: str, whose: str, keyring: Keyring, *, by: str, note: str = "") -> bool:
    """Put a host or URL on a list; return whether that changes anything. See `add_all`."""
    return bool(add_all(kind, [text], whose, keyring, by=by, note=note))


def add_all(
    kind: Kind, texts: Iterable[str], whose: str, keyring: Keyring, *, by: str, note: str = ""
) -> int:
    """Put hosts and URLs on a list; return of how many that changes anything.

    `whose` list: "" everybody's, a domain's or a mailbox's. Of a link of ours (`tokens.pasted`) what it leads
    to is meant. An entry of the other kind gives way. Raises `RefusedError`, and does nothing then.
    """
    scope, name = _scope(whose, keyring)
    wanted = {digest_of(each): each for each in (_expression(text, keyring) for text in texts)}
    changed = 0
    for some in map(dict, batched(wanted.items(), _AT_ONCE)):
        with one_at_a_time():  # alerts let an entry go that is deleted
            before = OwnListEntry.objects.filter(scope=scope, digest__in=list(some))
            there = {bytes(digest) for digest in before.filter(kind=kind).values_list("digest", flat=True)}
            # Not updated: the publisher sees a new row, and no changed one.
            before.exclude(kind=kind).delete()
            new = [
                OwnListEntry(
                    scope=scope,
                    scope_name=name,
                    kind=kind,
                    expression=expression,
                    digest=digest,
                    note=clean(note, 500),
                    by=by[:LONGEST_USER],
                )
                for digest, expression in some.items()
                if digest not in there
            ]
            OwnListEntry.objects.bulk_create(new)
        changed += len(new)
    return changed


def remove(text: str, whose: str, keyring: Keyring) -> bool:
    """Take a host or URL off the list of `whose`; return whether it was there. Raises `RefusedError`."""
    scope, _ = _scope(whose, keyring)
    entry = OwnListEntry.objects.filter(scope=scope, digest=digest_of(_expression(text, keyring))).first()
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


def _expression(text: str, keyring: Keyring) -> str:
    try:
        return expression_of(leads_to(keyring, text))
    except NotNamedError as error:
        raise RefusedError(str(error)) from None
