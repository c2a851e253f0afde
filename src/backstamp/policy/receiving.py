"""What is done with the links of one recipient's copy of received mail, and why not more."""

from enum import StrEnum

import msgspec

from backstamp.policy.protection import ProtectionMode
from backstamp.policy.snapshot import DomainPolicy


class LeftAlone(StrEnum):
    """Why a copy is not protected, in words."""

    OFF = "link protection is off for the recipient's domain"
    OPTED_OUT = "the mailbox has opted out"
    OWN_SENDER = "one of our own people sent it"
    TRUSTED_SENDER = "the sender is on the domain's list, and the mail is authentic"


class Receiving(msgspec.Struct, frozen=True):
    """What is done for one recipient: by which domain's policy, how, and why nothing is."""

    domain: DomainPolicy
    mode: ProtectionMode
    left_alone: LeftAlone | None = None


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
    if protection.mode is ProtectionMode.OFF:
        return Receiving(domain, ProtectionMode.OFF, LeftAlone.OFF)
    if recipient_key in protection.opted_out:
        return Receiving(domain, ProtectionMode.OFF, LeftAlone.OPTED_OUT)
    sender = sender.lower()
    sender_domain = sender.rpartition("@")[2]
    if sender_domain in authentic_domains and protection.trusted_senders & {sender, sender_domain}:
        return Receiving(domain, ProtectionMode.OFF, LeftAlone.TRUSTED_SENDER)
    return Receiving(domain, protection.mode)
