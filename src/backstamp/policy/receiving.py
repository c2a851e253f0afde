"""What is done with the links of one recipient's copy of received mail."""

import msgspec

from backstamp.policy.protection import ProtectionMode
from backstamp.policy.snapshot import DomainPolicy


class Receiving(msgspec.Struct, frozen=True):
    """What is done for one recipient: by which domain's policy, and how."""

    domain: DomainPolicy
    mode: ProtectionMode


def receive(
    domain: DomainPolicy,
    *,
    recipient_key: bytes,
    sender: str,
    authentic_domains: frozenset[str],
) -> Receiving:
    """Decide what is done with one recipient's copy, by the recipient's `domain`.

    `sender` is the address of the From field in any case; `authentic_domains` are the domains (lower case)
    for which our own MTA vouches (RFC 8601): a name in a From field proves nothing, so a trusted sender
    counts only where its domain is among them.
    """
    protection = domain.protection
    sender = sender.lower()
    sender_domain = sender.rpartition("@")[2]
    is_trusted = sender_domain in authentic_domains and protection.trusted_senders & {sender, sender_domain}
    if is_trusted or recipient_key in protection.opted_out:
        return Receiving(domain, ProtectionMode.OFF)
    return Receiving(domain, protection.mode)
