"""Protection of received mail: what is done for a domain, and for whom it is not."""

from enum import StrEnum
from typing import Final

import msgspec

from backstamp.vocabulary import ClickAction, ThreatType


class _FromMildest(StrEnum):
    """What can be done, from what does least on."""

    @property
    def strictness(self) -> int:
        """How much is done, for comparison with others of its kind."""
        return list(type(self)).index(self)


class ProtectionMode(_FromMildest):
    """What is done with the links of received mail: nothing, judged and logged, or rewritten too."""

    OFF = "off"
    OBSERVE = "observe"
    PROTECT = "protect"


class OnUnprotected(_FromMildest):
    """What is done where a link could not be guarded: an attacker would provoke just that (DESIGN §3)."""

    MARK = "mark"
    DEFER = "defer"
    REFUSE = "refuse"


class OnKnownBad(_FromMildest):
    """What is done on arrival with mail that has a known-bad link; it is always logged."""

    LOG = "log"
    HEADER = "header"
    SUBJECT = "subject"
    REFUSE = "refuse"


class ClickAddresses(StrEnum):
    """What is kept of the client's address at a click: nothing, its /24 or /48, or all of it."""

    OFF = "off"
    TRUNCATED = "truncated"
    FULL = "full"


CHOSEN_ACTIONS: Final = (ClickAction.ALLOW, ClickAction.WARN, ClickAction.BLOCK)
"""What an administrator may choose for a kind of threat; the others come about by themselves."""
DEFAULT_ACTIONS: Final = {
    ThreatType.MALWARE: ClickAction.BLOCK,
    ThreatType.PHISHING: ClickAction.BLOCK,
    ThreatType.UNWANTED_SOFTWARE: ClickAction.WARN,
    ThreatType.SPAM: ClickAction.WARN,
    ThreatType.FORBIDDEN: ClickAction.BLOCK,
    ThreatType.SUSPICIOUS: ClickAction.WARN,
}
"""What happens at a click where the domain says nothing else."""


class PageWords(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an administrator adds to the block and warn pages: their words, whom to ask, a logo.

    `logo` is a `data:` URL of an image: a page about a dangerous link loads nothing from anywhere.
    """

    organisation: str = ""
    text: str = ""
    contact: str = ""
    logo: str = ""


class Protection(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is done for the mail that a domain receives.

    `actions` holds what differs from `DEFAULT_ACTIONS`. `opted_out` are the recipient keys of mailboxes
    that are left alone, `trusted_senders` addresses and domains (lower case) whose mail is, where the MTA's
    Authentication-Results says that it is theirs; `trusted_hosts` are left alone with their subdomains.
    `may_override` lets a reader go on from a block page with a reason. `unresolved` is what happens where the
    bare prefix of a hash could not be looked up within three seconds.
    """

    mode: ProtectionMode = ProtectionMode.OFF
    on_unprotected: OnUnprotected = OnUnprotected.MARK
    on_known_bad: OnKnownBad = OnKnownBad.HEADER
    actions: dict[ThreatType, ClickAction] = {}
    may_override: bool = False
    unresolved: ClickAction = ClickAction.ALLOW
    click_addresses: ClickAddresses = ClickAddresses.OFF
    opted_out: frozenset[bytes] = frozenset()
    trusted_senders: frozenset[str] = frozenset()
    trusted_hosts: tuple[str, ...] = ()
    page: PageWords = PageWords()

    def action(self, threat: ThreatType) -> ClickAction:
        """Return what happens at a click on a link of this kind."""
        return self.actions.get(threat, DEFAULT_ACTIONS[threat])


class OwnList(msgspec.Struct, frozen=True, omit_defaults=True):
    """An administrator's own list: the first 8 octets of the SHA-256 of Safe Browsing expressions.

    What is `allowed` is not looked for on any other list; what is `blocked` is `ThreatType.FORBIDDEN`.
    """

    allowed: frozenset[bytes] = frozenset()
    blocked: frozenset[bytes] = frozenset()


EVERYBODY: Final = ""
"""The scope of an own list that holds for all; others: a domain (lower case), a recipient key in hex."""
