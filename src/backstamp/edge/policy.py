"""The policy as one request needs it: worked out when the snapshot changes, looked up when a hit comes."""

from typing import Final

import msgspec

from backstamp.policy import ConsentState, Snapshot


class HitPolicy(msgspec.Struct, frozen=True):
    """What may be recorded.

    `withdrawn` holds the recipient keys of those who took back their consent to opens: that also bites on
    mail that was sent before. Whose a link is, is known at ingest only: its token has a number for it.
    """

    record: bool = True
    keep_addresses: bool = False
    withdrawn: frozenset[bytes] = frozenset()


MOST_PRIVATE: Final = HitPolicy()
"""What holds while there is no policy: hits are recorded, and no address is kept."""


def hit_policy(snapshot: Snapshot | None) -> HitPolicy:
    """Return what a snapshot says about hits."""
    if snapshot is None:
        return MOST_PRIVATE
    return HitPolicy(
        snapshot.enabled,
        snapshot.keep_addresses,
        frozenset(
            key for key, consent in snapshot.consents.items() if consent.opens is ConsentState.WITHDRAWN
        ),
    )
