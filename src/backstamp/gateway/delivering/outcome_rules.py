"""outcome_rules: one reply for a message whose copies fared differently (DESIGN §3, docs/gateway.md).

SMTP has one reply for all recipients after the final dot.  The rules, in order:

- all accepted: the last acceptance of this try;
- nobody accepted: the first transient refusal if there is one (all is tried again), else the first
  permanent one;
- some accepted, some transient: that transient reply; the retry goes to the rest only;
- some accepted, the others refused for good: success, if the sender can be told by a DSN; otherwise a
  transient reply of ours, for the sender must not take the refused ones for delivered.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.relaying.handover import Outcome, Stage

LATE_REFUSAL: Final = reply(
    451,
    "4.3.0 Some recipients accepted the message and others refused it; "
    "send to one recipient at a time, or by LMTP",
)


class Summary(msgspec.Struct, frozen=True):
    """The reply for the whole message, and the places of recipients who must be reported by a DSN first."""

    reply: Reply
    report: tuple[int, ...] = ()


def summarise(outcomes: Sequence[Outcome], *, may_report: bool) -> Summary:
    """Return the reply for outcomes of at least one recipient; `may_report`: the sender may get a DSN."""
    accepted = [each.reply for each in outcomes if each.stage is Stage.EARLIER]
    accepted += [each.reply for each in outcomes if each.reply.positive and each.stage is not Stage.EARLIER]
    transient = [each.reply for each in outcomes if each.reply.transient]
    permanent = [each.reply for each in outcomes if each.reply.permanent]
    if transient:
        return Summary(transient[0])
    if not permanent:
        return Summary(accepted[-1])
    if not accepted:
        return Summary(permanent[0])
    if not may_report:
        return Summary(LATE_REFUSAL)
    places = tuple(place for place, each in enumerate(outcomes) if each.reply.permanent)
    return Summary(accepted[-1], places)
