"""The policy as one request needs it: worked out when the snapshot changes, looked up when a hit comes."""

from typing import Final

import msgspec

from backstamp.policy import ConsentState, Kills, Snapshot
from backstamp.tokens import LinkToken
from backstamp.tokens.sealing import NO_RECIPIENT


class HitPolicy(msgspec.Struct, frozen=True):
    """What may be recorded, and which links no longer lead on.

    `with_kills` holds the tracking ids of all messages of which something is switched off: one look-up, and
    almost every link needs no other. `withdrawn` holds the recipient keys of those who took back their
    consent to opens: that also bites on mail that was sent before. Whose a link is, is known at ingest only:
    its token has a number for it.
    """

    record: bool = True
    keep_addresses: bool = False
    withdrawn: frozenset[bytes] = frozenset()
    kills: Kills = Kills()
    with_kills: frozenset[int] = frozenset()

    def is_killed(self, token: LinkToken) -> bool:
        """Return whether a link of one of the messages `with_kills` is switched off."""
        message, number = token.tracking_id, token.link_number
        recipient = NO_RECIPIENT if token.recipient_index is None else token.recipient_index
        return (
            message in self.kills.messages
            or (message, number) in self.kills.links
            or (message, number, recipient) in self.kills.tokens
        )


MOST_PRIVATE: Final = HitPolicy()
"""What holds while there is no policy: hits are recorded, and no address is kept."""


def hit_policy(snapshot: Snapshot | None) -> HitPolicy:
    """Return what a snapshot says about hits."""
    if snapshot is None:
        return MOST_PRIVATE
    kills = snapshot.kills
    return HitPolicy(
        snapshot.enabled,
        snapshot.keep_addresses,
        frozenset(
            key for key, consent in snapshot.consents.items() if consent.opens is ConsentState.WITHDRAWN
        ),
        kills,
        kills.messages.union((link[0] for link in kills.links), (token[0] for token in kills.tokens)),
    )
