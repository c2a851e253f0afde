"""protector: what received mail's recipients get: the decision for each, the judgement, record and copies.

Any skip for limit, doubt or failure is what an attacker would provoke: it goes by the domain's
`on_unprotected` (DESIGN §3). The record is written before the first copy is given out; a link whose message
is not known must not exist.
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from backstamp.gateway.config import ProtectionConfig
from backstamp.gateway.delivering.copies import Arrival, Copy, Prepared
from backstamp.gateway.message_records import recorded
from backstamp.gateway.protection.groups import PUT_OFF, Group, joined
from backstamp.gateway.protection.work import Work
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.rewriter.pool import RewriterPool
from backstamp.gateway.standing import LastStanding
from backstamp.journal import JournalWriter
from backstamp.mail.patches import Patched
from backstamp.policy import Snapshot
from backstamp.rewriting import Options, SkipReason
from backstamp.shared_files import SnapshotFile
from backstamp.tokens import Keyring
from backstamp.vocabulary import Direction, Queued

_log = logging.getLogger("backstamp.gateway")

NO_POLICY: Final = reply(451, "4.3.0 The link protection has no policy yet, try again in a moment")


class Whole(NamedTuple):
    """One message for everybody: what becomes of it. `refusal` is None where it goes on."""

    message: Patched
    refusal: Reply | None


@dataclass(frozen=True, kw_only=True)
class Protector:
    """Turns a received message into copies; of `options` limits and `shown_urls` count for received mail."""

    keyring: Callable[[], Keyring]
    snapshot: SnapshotFile
    journal: JournalWriter
    rewriter: RewriterPool
    options: Options
    config: ProtectionConfig
    _standing: LastStanding = field(default_factory=LastStanding, init=False)

    async def prepare(self, arrival: Arrival) -> Prepared:
        """Judge the message for each recipient, make the first copies, and write the record."""
        snapshot = self.snapshot.current()
        if snapshot is None:
            return _nothing_goes(arrival, NO_POLICY)
        try:
            return await self._prepare(arrival, snapshot)
        except Exception as error:  # noqa: BLE001 - the mail must wait, not be lost, nor go unguarded
            _log.error("message %s is put off: %s", arrival.trace_id, type(error).__name__)
            return _nothing_goes(arrival, PUT_OFF)

    async def _prepare(self, arrival: Arrival, snapshot: Snapshot) -> Prepared:
        work = self._work(arrival, snapshot)
        groups = work.groups()
        for group in groups:
            await work.begin(group)
        if all(group.failure is not None and group.refusal() == PUT_OFF for group in work.seen(groups)):
            # At the next try more is known of its links: it is recorded then.
            recorded = not work.seen(groups)
        else:
            recorded = arrival.recorded or await self._record(work.queued(groups), groups)
            if not recorded:
                for group in groups:
                    work.give_up(group)
        settled = {
            place: refusal
            for group in groups
            if (refusal := group.refusal()) is not None
            for place in group.places
        }
        going = [group for group in groups if group.refusal() is None]
        whole = all(not group.first for group in going)
        return Prepared(whole, recorded and bool(work.seen(groups)), work.all_copies(going), settled)

    async def examine(self, arrival: Arrival, *, from_us: bool) -> Whole:
        """Judge the message for all recipients together, who get the same octets (a milter cannot split).

        The strictest that holds for one of them holds for all; several are named by no link. Where one is
        not of our domains no link is rewritten, and the mail counts as unprotected. What our own people send
        (`from_us`) gets the targets of received mail's links, and nothing else. May raise: the milter's way
        of failure is followed then.
        """
        snapshot = self.snapshot.current()
        if snapshot is None:
            return Whole(Patched(arrival.raw), NO_POLICY)
        work = self._work(arrival, snapshot)
        groups = [work.outgoing()] if from_us else work.groups()
        if not groups:
            return Whole(Patched(arrival.raw), None)
        everybody = joined(groups)
        if everybody.guards and work.has_outsiders:
            everybody.unguarded = SkipReason.OUTSIDE_RECIPIENT
        await work.begin(everybody, together=True)
        if not await self._record(work.queued([everybody]), [everybody]):
            work.give_up(everybody)
        message = everybody.first[0] if everybody.first else Patched(arrival.raw)
        return Whole(message, everybody.refusal())

    def _work(self, arrival: Arrival, snapshot: Snapshot) -> Work:
        standing = self._standing.of(snapshot, self.keyring())
        options = Options(
            direction=Direction.INBOUND,
            opens=False,
            shown_urls=self.options.shown_urls,
            limits=self.options.limits,
        )
        return Work(self.rewriter, arrival, snapshot, standing, options, self.config)

    async def _record(self, queued: Queued | None, groups: Sequence[Group]) -> bool:
        sealed = any(group.seals for group in groups)
        return queued is None or await recorded(self.journal, queued, sealed=sealed, else_it_is="not guarded")


def _nothing_goes(arrival: Arrival, answer: Reply) -> Prepared:
    async def nothing() -> AsyncIterator[Copy]:
        return
        yield

    wanted = {place: answer for place, each in enumerate(arrival.addressees) if each.wanted}
    return Prepared(whole=False, recorded=False, copies=nothing(), settled=wanted)
