"""Addresses that pass mail on: whether what is said of another address is said of the one that we sent to."""

import re
from typing import Final

from backstamp.tokens.address_spelling import one_spelling

_DETAIL: Final = "+"
"""Begins what a person adds to a local part, and mail systems leave out (RFC 5233)."""
_OF_A_TENANT: Final = re.compile(r"([a-z0-9]{3,27})(?:\.mail)?\.onmicrosoft\.com")
"""What Microsoft 365 names its customers' mailboxes, by a name that the customer takes once.

A company's own Exchange writes to them there (learn.microsoft.com, Exchange hybrid).
"""
_SIGNS: Final = re.compile(r"[^a-z0-9]")


def is_one_mailbox(address: str, final: str) -> bool:
    """Whether `final`, as a mail system knows a recipient, is the mailbox of `address` under another name.

    Systems name their mailboxes by the host that keeps them (`ann@mx1.example.org`, `ann@localhost`,
    `ann@example.mail.onmicrosoft.com` for `ann@example.org`), and without what stands behind a "+". Another
    local part, or a domain that lies beside the one written to (`ann@physics.example.edu` for
    `ann@alumni.example.edu`), is an address to which mail is passed on: RFC 3464 §2.3.2 lets Final-Recipient
    be any such.
    """
    ours, our_domain = _mailbox(address)
    theirs, their_domain = _mailbox(final)
    if ours != theirs or not (our_domain and their_domain):
        return (ours, our_domain) == (theirs, their_domain)
    shorter, longer = sorted((our_domain, their_domain), key=len)
    # A name of one label is that of a machine of the system itself: no mail is passed on to it elsewhere.
    is_machine = "." not in our_domain or "." not in their_domain
    is_tenants = _is_tenant_of(our_domain, their_domain) or _is_tenant_of(their_domain, our_domain)
    return is_machine or is_tenants or shorter == longer or longer.endswith(f".{shorter}")


def _is_tenant_of(tenant: str, domain: str) -> bool:
    """Whether a domain is the one that Microsoft 365 gave to the owner of another, by its name."""
    named = _OF_A_TENANT.fullmatch(tenant)
    return named is not None and named[1] in _SIGNS.sub("", domain)


def _mailbox(address: str) -> tuple[str, str]:
    local_part, _, domain = one_spelling(address).rpartition("@")
    unquoted = local_part.strip('"')
    return unquoted.partition(_DETAIL)[0] or unquoted, domain
