"""The policy snapshot: all that gateway and edge need to know, published by the worker.

It is one small file, replaced as a whole, so that both keep working from the last known policy
while the database is away.  Where it is and how it is replaced is `journal.snapshot_file`.
"""

from enum import StrEnum
from typing import Final

import msgspec

from backstamp.policy.kills import Kills
from backstamp.policy.protection import OwnList, Protection
from backstamp.policy.suppression import Suppressed
from backstamp.tokens.address_spelling import a_labels
from backstamp.vocabulary import ConsentMode, Origin, SuppressionAction

FORMAT_VERSION: Final = 1


class ConsentState(StrEnum):
    """What a recipient said about one axis; who said nothing has no entry."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class Axes(msgspec.Struct, frozen=True, omit_defaults=True):
    """Opens and links, each on, off, or (None) left to the level above."""

    opens: bool | None = None
    links: bool | None = None


class Consent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A recipient's consent on the two axes."""

    opens: ConsentState | None = None
    links: ConsentState | None = None


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


class Snapshot(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The policy at one moment.

    `published_at_us` is in microseconds since 1970 UTC. `origins` holds the defaults of each way in,
    `senders` what was set for single addresses (lower case), `consents` what recipients said, by
    recipient key. `enabled` is the one switch that turns all tracking off. `kills` applies to every link
    token, of sent and of received mail; further reasons to stop a click belong beside it. `suppressed` says
    to whom mail does not go any more, and `suppression_action` what is done with it. `unsubscribe` holds the
    ways in whose mail is given a List-Unsubscribe where it has none. `own_lists` are the administrators'
    lists of links, by scope (`protection.EVERYBODY`, a domain, a mailbox). `guards` says that received mail
    is protected, or was: links of such mail may come by.
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
    consents: dict[bytes, Consent] = {}
    kills: Kills = Kills()
    suppressed: Suppressed = {}
    suppression_action: SuppressionAction = SuppressionAction.REFUSE
    privacy: Privacy = Privacy()
    own_lists: dict[str, OwnList] = {}
    guards: bool = False
    version: int = FORMAT_VERSION

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


class SnapshotError(ValueError):
    """The bytes are not a snapshot that this program reads."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Snapshot)


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """Return the snapshot as the bytes of its file."""
    return _encoder.encode(snapshot)


def decode_snapshot(data: bytes) -> Snapshot:
    """Return the snapshot that `encode_snapshot` wrote. Raises `SnapshotError`."""
    try:
        snapshot = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SnapshotError(f"policy snapshot is not readable: {error}") from None
    if snapshot.version != FORMAT_VERSION:
        raise SnapshotError(
            f"policy snapshot has format {snapshot.version}, this program reads {FORMAT_VERSION}"
        )
    return snapshot
