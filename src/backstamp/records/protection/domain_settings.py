"""What administrators decide of the link protection: what is done for a domain, and for whom it is not."""

from collections.abc import Mapping
from typing import TypedDict, Unpack

from django.db.models import CharField, QuerySet

from backstamp.mail.addresses import is_mail_address
from backstamp.policy import DEFAULT_ACTIONS, ClickAddresses, OnKnownBad, OnUnprotected, ProtectionMode
from backstamp.policy.own_entries import NotNamedError, host_of
from backstamp.records.administration.refusals import RefusedError
from backstamp.records.administration.sender_domains import domain_name, domain_named
from backstamp.records.database.taking_turns import one_at_a_time
from backstamp.records.database.texts import clean
from backstamp.records.models import LONGEST_ADDRESS, LONGEST_USER, ProtectedDomain, ProtectionException
from backstamp.records.protection.as_policy import known_actions
from backstamp.tokens import Keyring
from backstamp.vocabulary import ClickAction, ThreatType

Kind = ProtectionException.Kind


class Changes(TypedDict, total=False):
    """What is to be different for a domain (`policy.Protection`); what is not named stays."""

    mode: ProtectionMode
    on_unprotected: OnUnprotected
    on_known_bad: OnKnownBad
    actions: dict[ThreatType, ClickAction]
    may_override: bool
    unresolved: ClickAction
    click_addresses: ClickAddresses
    page_organisation: str
    page_text: str
    page_contact: str
    page_logo: str


def protected_domains() -> QuerySet[ProtectedDomain]:
    """Return all domains of which somebody has decided something, by name."""
    return ProtectedDomain.objects.select_related("domain").order_by("domain__name")


def protected_domain(name: str) -> ProtectedDomain:
    """Return what is done for a domain. Raises `RefusedError` where nobody has decided anything."""
    name = domain_name(name)
    row = protected_domains().filter(domain__name=name).first()
    if row is None:
        raise RefusedError(f"nothing is set for the link protection of {name}; choose its mode first")
    return row


def set_protection(name: str, by: str, **changes: Unpack[Changes]) -> ProtectedDomain:
    """Change what is done for a domain, whose row is made where there is none. `by` says who does it.

    Of `actions`, too, those that are not named stay. Raises `RefusedError`.
    """
    with one_at_a_time():  # all columns are written, and another may be changing one of them
        row, _ = ProtectedDomain.objects.get_or_create(domain=domain_named(name))
        for column, value in changes.items():
            if column == "actions":
                row.actions = _differing(chosen_actions(row) | changes["actions"])
            else:
                setattr(row, column, _fitting(column, value) if isinstance(value, str) else value)
        row.changed_by = by[:LONGEST_USER]
        row.save()
    return row


def chosen_actions(row: ProtectedDomain) -> dict[ThreatType, ClickAction]:
    """Return what happens at a click for each kind of threat."""
    return {**DEFAULT_ACTIONS, **known_actions(row.actions)}


def exceptions(name: str) -> QuerySet[ProtectionException]:
    """Return a domain's exceptions. Raises `RefusedError` for a domain of which nothing is set."""
    return protected_domain(name).domain.exceptions.all()


def add_exception(name: str, kind: Kind, text: str, keyring: Keyring, by: str) -> bool:
    """Leave a mailbox of the domain, a sender (address or domain), or a host with its subdomains alone.

    Returns whether that is new. Raises `RefusedError`.
    """
    domain = protected_domain(name).domain
    value = _value(kind, text, domain.name)
    _, created = ProtectionException.objects.get_or_create(
        domain=domain,
        kind=kind,
        value=value,
        defaults={
            "recipient_key": keyring.recipient_key(value) if kind is Kind.MAILBOX else b"",
            "by": by[:LONGEST_USER],
        },
    )
    return created


def remove_exception(name: str, kind: Kind, text: str) -> bool:
    """Undo `add_exception`; return whether there was such an exception. Raises `RefusedError`."""
    domain = protected_domain(name).domain
    value = _value(kind, text, domain.name)
    return bool(ProtectionException.objects.filter(domain=domain, kind=kind, value=value).delete()[0])


def mail_address(text: str) -> str:
    """Return a mail address in lower case. Raises `RefusedError` for anything else."""
    address = text.strip().lower()
    if not is_mail_address(address) or len(address) > LONGEST_ADDRESS:
        raise RefusedError("that is no mail address")
    return address


def _differing(actions: Mapping[ThreatType, ClickAction]) -> dict[str, str]:
    return {
        threat.value: action.value
        for threat, action in actions.items()
        if action is not DEFAULT_ACTIONS[threat]
    }


def _fitting(column: str, text: str) -> str:
    field = ProtectedDomain._meta.get_field(column)
    longest = field.max_length if isinstance(field, CharField) else None
    if longest is not None and len(text) > longest:
        raise RefusedError(f"{column.replace('page_', '')} has more than {longest} characters")
    return clean(text)


def _value(kind: Kind, text: str, domain: str) -> str:
    if kind is Kind.HOST:
        return _host(text)
    if kind is Kind.SENDER and "@" not in text:
        return domain_name(text)
    address = mail_address(text)
    if kind is Kind.MAILBOX:
        local_part, _, its_domain = address.rpartition("@")
        if domain_name(its_domain) != domain:
            raise RefusedError(f"{address} is no mailbox of {domain}")
        address = f"{local_part}@{domain}"
    return address


def _host(text: str) -> str:
    try:
        return host_of(text)
    except NotNamedError as error:
        raise RefusedError(str(error)) from None
