"""Whether mail is given a List-Unsubscribe of ours."""

from backstamp.policy.snapshot import Snapshot
from backstamp.vocabulary import Origin


def adds_unsubscribe(snapshot: Snapshot | None, *, origin: Origin, sender_domain: str) -> bool:
    """Return whether a message that has no List-Unsubscribe is given one.

    What is set for the sender's domain holds before the installation's setting, but for mail that people
    submit: that is written to somebody, and is given one only where that was asked for, and the domain does
    not say no.
    """
    if snapshot is None:
        return False
    wish = snapshot.domain(sender_domain).unsubscribe
    if origin is Origin.SUBMISSION:
        return origin in snapshot.unsubscribe and wish is not False
    return origin in snapshot.unsubscribe if wish is None else wish
