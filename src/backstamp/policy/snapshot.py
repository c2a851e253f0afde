"""The policy snapshot: all that gateway and edge need to know, published by the worker.

It has three parts, for what an administrator switches must not wait for what a million recipients said: the
policy, consents and the suppression list. No decision belongs to two of them, so each is published at its own
changes. How they are written is `policy.snapshot_parts`; where they are, and how they are replaced,
`shared_files.snapshot_file`.
"""

from typing import Any, Final, Self

import msgspec

from backstamp.policy.consents import Consents
from backstamp.policy.kills import Kills
from backstamp.policy.protection import OwnList, Protection
from backstamp.policy.suppression import Suppressed
from backstamp.tokens.address_spelling import a_labels
from backstamp.vocabulary import ConsentMode, Origin, SuppressionAction

STALE_SECONDS: Final = 60
"""The worker publishes the policy anew every 15 s, so that an old one tells of a dead worker."""


class Axes(msgspec.Struct, frozen=True, omit_defaults=True):
    """Opens and links, each on, off, or (None) left to the level above."""

    opens: bool | None = None
    links: bool | None = None


class DomainPolicy(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A domain of ours: its number in tokens, its own tracking host, and what is tracked for it.

    `tracking_url` is the base of its pixels and links ("https://t.example.org"), or empty for the
    installation's own. `anonymous` seals no recipient into any token. `unsubscribe` says whether
    List-Unsubscribe is added, where the installation's setting is not to hold (None). `protection` is of the
    mail that it receives.
    """

    domain_id: int
    name: str
    tracking_url: str = ""
    axes: Axes = Axes()
    anonymous: bool = False
    unsubscribe: bool | None = None
    protection: Protection = Protection()


class Privacy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What recipients are told: for how many days records are kept (0: not known), and whom to ask."""

    retention_days: int = 0
    contact: str = ""


class Policy(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the installation and its administrators decided.

    `published_at_us` is in microseconds since 1970 UTC. `origins` holds the defaults of each way in,
    `senders` what was set for single addresses (lower case). `enabled` is the one switch that turns all
    tracking off. `kills` applies to every link token, of sent and of received mail; further reasons to stop a
    click belong beside it. `suppression_action` is what is done with mail to those who are on the suppression
    list. `unsubscribe` holds the ways in whose mail is given a List-Unsubscribe where it has none.
    `own_lists` are the administrators' lists of links, by scope (`protection.EVERYBODY`, a domain, a
    mailbox). `guards` says that received mail is protected, or was: links of such mail may come by.
    """

    published_at_us: int
    enabled: bool
    consent_mode: ConsentMode
    tracking_url: str
    origins: dict[Origin, Axes]
    anonymous: bool = False
    unsubscribe: frozenset[Origin] = frozenset()
    keep_addresses: bool = False
    domains: dict[str, DomainPolicy] = {}
    senders: dict[str, Axes] = {}
    kills: Kills = Kills()
    suppression_action: SuppressionAction = SuppressionAction.REFUSE
    privacy: Privacy = Privacy()
    own_lists: dict[str, OwnList] = {}
    guards: bool = False

    def domain(self, name: str) -> DomainPolicy:
        """Return the policy of a domain; an unknown one has number 0 and no wishes.

        Letter case and the root's dot do not matter, nor whether it is spelled in Unicode or in ASCII
        (RFC 5890): who writes to `ann@example.org.` must not get round a policy.
        """
        name = name.lower().rstrip(".")
        known = self.domains.get(name) or self.domains.get(a_labels(name))
        return known or DomainPolicy(domain_id=0, name=name)

    def base_url(self, domain: DomainPolicy) -> str:
        """Return the base of a domain's pixels and links, without a slash at its end."""
        return (domain.tracking_url or self.tracking_url).rstrip("/")

    def age(self, now: float) -> float:
        """Return how many seconds ago it was published, at `now` in seconds since 1970 UTC."""
        return now - self.published_at_us / 1e6

    def facts(self) -> dict[str, Any]:
        """Return the fields of the policy, without what a snapshot adds."""
        return {name: getattr(self, name) for name in Policy.__struct_fields__}


class Snapshot(Policy, frozen=True, kw_only=True):
    """The policy at one moment, with what recipients said, by recipient key.

    `suppressed` says to whom mail does not go any more.
    """

    consents: Consents = Consents()
    suppressed: Suppressed = {}

    @classmethod
    def of(cls, policy: Policy, consents: Consents, suppressed: Suppressed) -> Self:
        """Return the parts as one."""
        return cls(**policy.facts(), consents=consents, suppressed=suppressed)
