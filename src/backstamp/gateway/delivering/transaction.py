"""transaction: from the end of the client's DATA to the replies: record, copies, outcomes (DESIGN §3).

No reply is positive before the next hop's was.  A copy that was accepted is on the disk before the next
one begins; one that was accepted at an earlier try is not sent again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from backstamp.gateway import trace
from backstamp.gateway.access import Party
from backstamp.gateway.delivering.copies import Arrival, Copy, Preparer
from backstamp.gateway.delivering.copy_locks import CopyLocks
from backstamp.gateway.delivering.deliveries import record_deliveries
from backstamp.gateway.delivering.dsn import Refused, failure_report, wants_report
from backstamp.gateway.delivering.earlier_tries import EarlierTries
from backstamp.gateway.delivering.outcome_rules import summarise
from backstamp.gateway.delivering.outcomes import Outcomes, copy_key, envelope_key
from backstamp.gateway.delivering.return_paths import ReturnPaths
from backstamp.gateway.delivering.roll import RcptAnswer, Roll
from backstamp.gateway.delivering.suppressions import Suppressions
from backstamp.gateway.protocol.commands import Mailbox
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.relaying.handover import Outcome, Stage, hand_over_open
from backstamp.gateway.relaying.next_hop import NextHopConnection, UnreachableError
from backstamp.gateway.relaying.onward import Onward
from backstamp.journal import JournalWriter
from backstamp.mail.header_section import HeaderSection
from backstamp.mail.patches import Patched
from backstamp.rewriting import MessageFacts, control_fields, envelope_digest, facts_header, message_facts
from backstamp.vocabulary import Origin

_log = logging.getLogger("backstamp.gateway")

_ASIDE: Final = 256 * 1024
"""Larger messages are hashed in a thread, so that other sessions go on."""


class Submitted(msgspec.Struct, kw_only=True, frozen=True):
    """What a client has handed in. `client` names it for retries; `may_report`: its senders may get DSNs.

    `party` as in `Arrival`.
    """

    origin: Origin
    client: str
    party: Party
    reverse_path: Mailbox
    rcpts: Sequence[RcptAnswer]
    message: bytes
    hop: trace.Hop
    lmtp: bool
    may_report: bool
    trace_id: str


Tell = Callable[[tuple[Reply, ...]], Awaitable[bool]]
"""Says one reply, or with LMTP one for each accepted recipient; returns whether the client was there."""


@dataclass(frozen=True, kw_only=True)
class Transactions:
    """Carries messages out, each in its own call; shared by all sessions.

    `clock` returns seconds since 1970 UTC.
    """

    tracker: Preparer
    protector: Preparer
    suppressions: Suppressions
    return_paths: ReturnPaths
    outcomes: Outcomes
    journal: JournalWriter
    hostname: str
    next_hop_name: str
    new_tracking_id: Callable[[], int]
    clock: Callable[[], float]
    locks: CopyLocks = field(default_factory=CopyLocks)

    async def carry_out(self, submitted: Submitted, onward: Onward, tell: Tell) -> None:
        """Hand a message over and tell the client what came of it."""
        header = facts_header(submitted.message)
        facts = message_facts(submitted.message, header)
        if facts.received_count >= trace.MOST_HOPS:
            if onward.connection is not None:
                await _reset(onward.connection)
            count = sum(1 for rcpt in submitted.rcpts if rcpt.reply.positive)
            await tell((trace.LOOP,) * (count if submitted.lmtp else 1))
            return
        digest = await _digest(submitted.message, header)
        key = envelope_key(submitted.client, submitted.reverse_path.path, digest)
        keys = [copy_key(key, rcpt.recipient.path) for rcpt in submitted.rcpts]
        held = frozenset(keys)
        # A client that gave up waiting may already be trying again: one at a time, or there are doubles.
        await self.locks.take(held)
        try:
            await _Transaction(self, submitted, header, facts, digest, onward, keys).run(tell)
        finally:
            self.locks.give_back(held)


class _Transaction:
    def __init__(
        self,
        shared: Transactions,
        submitted: Submitted,
        header: HeaderSection,
        facts: MessageFacts,
        digest: bytes,
        onward: Onward,
        keys: Sequence[bytes],
    ) -> None:
        self._shared = shared
        self._submitted = submitted
        self._header = header
        self._facts = facts
        self._onward = onward
        self._now = shared.clock()
        self._earlier = EarlierTries(shared.outcomes, keys, now=int(self._now))
        tracking_id = self._earlier.tracking_id
        self._tracking_id = shared.new_tracking_id() if tracking_id is None else tracking_id
        self._roll = Roll(submitted.rcpts, self._earlier)
        self._recorded = False
        self._sealed = False
        """Whether the copies get reverse paths of their own."""
        self._given_message_id = (
            trace.given_message_id(digest, self._tracking_id, shared.hostname)
            if facts.lacks_message_id and not self._is_received
            else ""
        )
        self._added = b""
        """What stands above all copies, under our Received field."""

    async def run(self, tell: Tell) -> None:
        arrival = self._arrival()
        preparer = self._shared.protector if self._is_received else self._shared.tracker
        prepared = await preparer.prepare(arrival)
        self._recorded = prepared.recorded
        if self._given_message_id and not prepared.whole:
            self._added = trace.message_id_field(self._given_message_id)
        for place, answer in prepared.settled.items():
            self._roll.settle([place], [Outcome(Stage.PROTECTION, answer)])
        # A return path must not name a message of which nothing is known. Who submits has a password for
        # one reverse path, and his own server would refuse another.
        self._sealed = (
            prepared.recorded
            and self._submitted.origin is Origin.GATEWAY
            and self._shared.return_paths.replaces(self._submitted.reverse_path)
        )
        wanted = [
            place
            for place, each in enumerate(arrival.addressees)
            if each.wanted and place not in prepared.settled
        ]
        connection = self._onward.connection
        everybody = len(wanted) == len(self._roll.tried)
        standing = connection is not None and connection.in_transaction and not self._sealed
        if wanted and prepared.whole and everybody and standing:
            assert connection is not None
            message = self._traced(Patched(self._submitted.message), wanted)
            self._roll.settle(wanted, await hand_over_open(connection, len(wanted), message))
            await self._keep_accepted(wanted, last=True)
        else:
            left = len(wanted)
            async for shared in prepared.copies:
                for copy in self._parted(shared):
                    left -= len(copy.places)
                    if copy.withheld is not None:
                        outcome = Outcome(Stage.PROTECTION, copy.withheld)
                        self._roll.settle(copy.places, [outcome] * len(copy.places))
                        continue
                    alone = self._is_received and everybody and standing and len(copy.places) == len(wanted)
                    self._roll.settle(copy.places, await (self._send_on(copy) if alone else self._send(copy)))
                    await self._keep_accepted(copy.places, last=left == 0)
            if not wanted and connection is not None:
                await _reset(connection)
        self._roll.settle_twins()
        await self._answer(tell)

    @property
    def _is_received(self) -> bool:
        return self._submitted.origin is Origin.FILTER

    def _arrival(self) -> Arrival:
        submitted = self._submitted
        return Arrival(
            raw=submitted.message,
            header=self._header,
            facts=self._facts,
            controls=control_fields(submitted.message, self._header),
            origin=submitted.origin,
            party=submitted.party,
            reverse_path=submitted.reverse_path.address,
            addressees=self._roll.addressees(self._suppression),
            tracking_id=self._tracking_id,
            trace_id=submitted.trace_id,
            at_us=int(self._now * 1_000_000),
            recorded=self._earlier.tracking_id is not None,
            given_message_id=self._given_message_id,
        )

    def _suppression(self, address: str) -> Outcome | None:
        if self._is_received:
            return None
        return self._shared.suppressions.outcome(self._facts, self._submitted.origin, address)

    def _traced(self, message: Patched, places: Sequence[int]) -> Patched:
        recipient = self._roll.recipient(places[0]).address if len(places) == 1 else ""
        at = datetime.fromtimestamp(self._now, UTC)
        submitted = self._submitted
        received = trace.received_field(
            submitted.hop, trace_id=submitted.trace_id, at=at, recipient=recipient
        )
        return trace.stamped(received + self._added, message)

    def _parted(self, copy: Copy) -> list[Copy]:
        """Return a copy for each recipient where the return path says whose it is.

        Whoever got one that others share could send a bounce of theirs to it, and have them suppressed.
        """
        if not self._sealed:
            return [copy]
        return [msgspec.structs.replace(copy, places=(place,)) for place in copy.places]

    async def _send(self, copy: Copy) -> list[Outcome]:
        recipients = [self._roll.recipient(place) for place in copy.places]
        return await self._onward.hand_over(
            self._reverse_path(copy.places), recipients, lambda connection: self._fitting(copy, connection)
        )

    async def _send_on(self, copy: Copy) -> list[Outcome]:
        """Send the only copy in the transaction in which its recipients were accepted, if it stands."""
        connection = self._onward.connection
        if connection is None or connection.closed:
            return await self._send(copy)
        return await hand_over_open(connection, len(copy.places), self._fitting(copy, connection))

    def _fitting(self, copy: Copy, connection: NextHopConnection) -> Patched:
        message = self._traced(copy.message, copy.places)
        limit = connection.capabilities.max_size
        if copy.instead is not None and limit is not None and len(message) > limit:
            # It is our change that made it too large, and no reason to lose it.
            return self._traced(copy.instead(), copy.places)
        return message

    def _reverse_path(self, places: Sequence[int]) -> Mailbox:
        if not self._sealed:
            return self._submitted.reverse_path
        (place,) = places
        return self._shared.return_paths.of_copy(
            self._submitted.reverse_path, self._tracking_id, self._roll.index(place)
        )

    async def _keep_accepted(self, places: Sequence[int], *, last: bool) -> None:
        """Put accepted copies on the disk before anything else is sent, where something else may follow."""
        if last and self._roll.all_well:
            return  # the reply follows at once
        if len(self._roll) > 1:
            await self._keep(self._roll.accepted(places))

    async def _keep(self, places: Collection[int]) -> None:
        roll = self._roll
        rows = [(place, roll.index(place), roll.outcome(place).reply.positive) for place in places]
        if rows:
            await self._earlier.keep(self._tracking_id, rows)

    async def _answer(self, tell: Tell) -> None:
        everybody, tried = range(len(self._roll)), self._roll.tried
        outcomes = [self._roll.outcome(place) for place in everybody]
        self._record()
        if self._submitted.lmtp:
            replies = tuple(outcomes[place].reply for place in tried)
        else:
            summary = summarise([outcomes[place] for place in tried], may_report=self._submitted.may_report)
            answer = summary.reply
            if summary.report:
                answer = await self._report([tried[place] for place in summary.report], answer)
            replies = (answer,)
        again = self._roll.named_again(replies, lmtp=self._submitted.lmtp)
        if self._recorded:
            # Also who is refused for now: a retry then belongs to the same message and record.
            await self._keep(again)
        self._log(outcomes, replies)
        heard = await tell(replies)
        if not heard and self._facts.is_identified:
            # It never heard us and will try again: what was accepted must not go twice. A script that only
            # ended its half of the connection heard us, and its next alert of the same words is mail as well.
            await self._keep(self._roll.accepted(everybody))
        else:
            await self._earlier.forget_but(again)

    async def _report(self, places: Sequence[int], success: Reply) -> Reply:
        """Tell the sender who refused; the message counts as taken only once the report is."""
        refused = [
            Refused(self._roll.recipient(place), self._roll.outcome(place).reply)
            for place in places
            if wants_report(self._roll.recipient(place))
        ]
        if not refused:
            return success
        submitted = self._submitted
        report = failure_report(
            submitted.reverse_path,
            refused,
            submitted.message,
            hostname=self._shared.hostname,
            next_hop=self._shared.next_hop_name,
            trace_id=submitted.trace_id,
            at=datetime.fromtimestamp(self._now, UTC),
        )
        sender = Mailbox(submitted.reverse_path.path)
        parameters = tuple(each for each in submitted.reverse_path.parameters if each.name == "SMTPUTF8")
        (outcome,) = await self._onward.hand_over(
            Mailbox("", parameters), [sender], lambda _: Patched(report)
        )
        return success if outcome.reply.positive else _as_transient(outcome.reply)

    def _record(self) -> None:
        if self._is_received and not self._recorded:
            return  # nothing is kept of mail that is not protected
        record_deliveries(
            self._shared.journal,
            self._roll.delivered(),
            tracking_id=self._tracking_id,
            trace_id=self._submitted.trace_id,
            next_hop=self._shared.next_hop_name,
            at_us=int(self._shared.clock() * 1_000_000),
        )

    def _log(self, outcomes: Sequence[Outcome], replies: Sequence[Reply]) -> None:
        if not _log.isEnabledFor(logging.INFO):
            return
        _log.info(
            "message %s",
            self._submitted.trace_id,
            extra={
                "trace_id": self._submitted.trace_id,
                "tracking_id": f"{self._tracking_id:016x}",
                "origin": self._submitted.origin.value,
                "size": len(self._submitted.message),
                "recipients": len(outcomes),
                "outcomes": [f"{each.stage.value} {each.reply.code}" for each in outcomes[:50]],
                "reply": [each.code for each in replies[:50]],
            },
        )


async def _digest(message: bytes, header: HeaderSection) -> bytes:
    if len(message) > _ASIDE:
        return await asyncio.to_thread(envelope_digest, message, header)
    return envelope_digest(message, header)


async def _reset(connection: NextHopConnection) -> None:
    with contextlib.suppress(UnreachableError):
        await connection.reset()


def _as_transient(answer: Reply) -> Reply:
    if answer.transient:
        return answer
    return reply(451, "4.3.0 The report of refused recipients could not be handed over, try again later")
