"""protection: what received mail's recipients get: the decision for each, the judgement, record and copies.

Any skip for limit, doubt or failure is what an attacker would provoke: it goes by the domain's
`on_unprotected` (DESIGN §3). The record is written before the first copy is given out; a link whose message
is not known must not exist.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from backstamp.gateway.config import ProtectionConfig
from backstamp.gateway.copies import Addressee, Arrival, Copy, Prepared
from backstamp.gateway.guarded_hosts import guarded_prefixes
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.rewriter.messages import Marks, ProtectAnswer, ProtectRequest, Seal
from backstamp.gateway.rewriter.pool import BusyError, RewriterPool, TooCostlyError
from backstamp.gateway.rewriter.unwrapping import may_hold_ours
from backstamp.gateway.verdict_fields import OUR_FIELDS, subject_mark, verdict_fields
from backstamp.journal import JournalUnavailableError, JournalWriter, RecordTooLargeError, SnapshotFile
from backstamp.mail.authentication_results import authentic_domains
from backstamp.mail.marks import marked
from backstamp.policy import (
    OnKnownBad,
    OnUnprotected,
    OwnList,
    Protection,
    ProtectionMode,
    Receiving,
    Snapshot,
    lists_for,
    receive,
)
from backstamp.rewriting import Options, SkipReason
from backstamp.tokens import ANONYMOUS, Keyring
from backstamp.vocabulary import Direction, Queued, QueuedLink, QueuedRecipient

_log = logging.getLogger("backstamp.gateway")

BATCH_BYTES: Final = 32 * 1024 * 1024
BATCH_RECIPIENTS: Final = 100
"""Copies made at once, as for sent mail."""
MAX_REASONS: Final = 40

NO_POLICY: Final = reply(451, "4.3.0 The link protection has no policy yet, try again in a moment")
PUT_OFF: Final = reply(451, "4.7.1 The links of this message cannot be checked now, try again later")
UNGUARDED: Final = reply(550, "5.7.1 This domain refuses mail with links that cannot be checked")
KNOWN_BAD: Final = reply(550, "5.7.1 A link of this message is known to be dangerous")


class _Group(msgspec.Struct, kw_only=True):
    """Addressees for whom the same is done, by the same own lists. `answer` is None where it failed."""

    receiving: Receiving
    own_lists: tuple[OwnList, ...]
    places: list[int]
    answer: ProtectAnswer | None = None
    failure: SkipReason | None = None
    first: list[bytes] = []

    @property
    def protection(self) -> Protection:
        return self.receiving.domain.protection

    @property
    def guards(self) -> bool:
        return self.receiving.mode is ProtectionMode.PROTECT

    @property
    def seals(self) -> bool:
        """Whether the copies hold links of ours that name somebody."""
        return self.guards and self.answer is not None

    @property
    def unprotected(self) -> tuple[str, ...]:
        if self.failure is not None:
            return (self.failure.value,)
        return self.answer.unprotected if self.answer is not None else ()

    def refusal(self) -> Reply | None:
        """Return what becomes of the copies without the next hop; None where they go on."""
        known_bad = self.answer is not None and self.answer.known_bad
        if not self.guards:
            return None
        if known_bad and self.protection.on_known_bad is OnKnownBad.REFUSE:
            return KNOWN_BAD
        if self.unprotected:
            if self.protection.on_unprotected is OnUnprotected.DEFER:
                return PUT_OFF
            if self.protection.on_unprotected is OnUnprotected.REFUSE:
                # What failed here may not fail at the next try.
                return PUT_OFF if self.failure is SkipReason.FAILED else UNGUARDED
        return None


class Whole(NamedTuple):
    """One message for everybody: what becomes of it. `refusal` is None where it goes on."""

    message: bytes
    refusal: Reply | None


class Protector:
    """Turns a received message into copies."""

    def __init__(
        self,
        *,
        keyring: Callable[[], Keyring],
        snapshot: SnapshotFile,
        journal: JournalWriter,
        rewriter: RewriterPool,
        options: Options,
        config: ProtectionConfig,
    ) -> None:
        """Keep the surroundings; of `options` only the limits count for received mail."""
        self._keyring = keyring
        self._snapshot = snapshot
        self._journal = journal
        self._rewriter = rewriter
        self._options = Options(direction=Direction.INBOUND, opens=False, links=True, limits=options.limits)
        self._config = config

    async def prepare(self, arrival: Arrival) -> Prepared:
        """Judge the message for each recipient, make the first copies, and write the record."""
        snapshot = self._snapshot.current()
        if snapshot is None:
            return _nothing_goes(arrival, NO_POLICY)
        try:
            return await self._prepare(arrival, snapshot)
        except Exception as error:  # noqa: BLE001 - the mail must wait, not be lost, nor go unguarded
            _log.error("message %s is put off: %s", arrival.trace_id, type(error).__name__)
            return _nothing_goes(arrival, PUT_OFF)

    async def _prepare(self, arrival: Arrival, snapshot: Snapshot) -> Prepared:
        work = _Work(self._rewriter, arrival, snapshot, self._keyring(), self._options, self._config)
        groups = work.groups()
        for group in groups:
            await work.begin(group)
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

    async def examine(self, arrival: Arrival) -> Whole:
        """Judge the message for all recipients together, who get the same octets (a milter cannot split).

        The strictest that holds for one of them holds for all; several are named by no link. May raise: the
        milter's way of failure is followed then.
        """
        snapshot = self._snapshot.current()
        if snapshot is None:
            return Whole(arrival.raw, NO_POLICY)
        work = _Work(self._rewriter, arrival, snapshot, self._keyring(), self._options, self._config)
        groups = work.groups()
        if not groups:
            return Whole(arrival.raw, None)
        strictest = max(groups, key=lambda group: _STRICTNESS[group.receiving.mode])
        strictest.places = [place for group in groups for place in group.places]
        await work.begin(strictest, together=True)
        if not await self._record(work.queued([strictest]), [strictest]):
            work.give_up(strictest)
        message = strictest.first[0] if strictest.first else arrival.raw
        return Whole(message, strictest.refusal())

    async def _record(self, queued: Queued | None, groups: Sequence[_Group]) -> bool:
        if queued is None:
            return True
        try:
            if any(group.seals for group in groups):
                # On the disk: recipients hold on to tokens longer than a power cut lasts.
                await asyncio.to_thread(self._journal.append_synced, queued)
            else:
                self._journal.append(queued)
        except (JournalUnavailableError, RecordTooLargeError) as error:
            _log.error("message %s is not recorded, nor guarded: %s", queued.trace_id, error)
            return False
        return True


_STRICTNESS: Final = {ProtectionMode.OFF: 0, ProtectionMode.OBSERVE: 1, ProtectionMode.PROTECT: 2}


class _Work:
    """One arrival under one policy."""

    def __init__(
        self,
        rewriter: RewriterPool,
        arrival: Arrival,
        snapshot: Snapshot,
        ring: Keyring,
        options: Options,
        config: ProtectionConfig,
    ) -> None:
        self._rewriter = rewriter
        self._arrival = arrival
        self._snapshot = snapshot
        self._ring = ring
        self._options = options
        self._config = config
        self._prefixes = guarded_prefixes(snapshot)
        self._keys = [ring.recipient_key(each.address) for each in arrival.addressees]
        self._own_domains = tuple(sorted(snapshot.domains))

    def groups(self) -> list[_Group]:
        """Return the wanted addressees by what is done for them."""
        arrival = self._arrival
        authentic = authentic_domains(arrival.raw, self._config.authserv_ids)
        found: dict[tuple[object, ...], _Group] = {}
        for place, addressee in enumerate(arrival.addressees):
            if not addressee.wanted:
                continue
            receiving = receive(
                self._snapshot,
                recipient=addressee.address,
                recipient_key=self._keys[place],
                sender=arrival.facts.sender,
                authentic_domains=authentic,
            )
            own: tuple[OwnList, ...] = ()
            if receiving.mode is not ProtectionMode.OFF:
                own = lists_for(self._snapshot, domain=receiving.domain.name, recipient_key=self._keys[place])
            off = receiving.mode is ProtectionMode.OFF
            key = (ProtectionMode.OFF,) if off else (receiving.mode, receiving.domain.name, own)
            group = found.setdefault(key, _Group(receiving=receiving, own_lists=own, places=[]))
            group.places.append(place)
        return list(found.values())

    def seen(self, groups: Sequence[_Group]) -> list[_Group]:
        """Return the groups of whose mail something is kept."""
        return [group for group in groups if group.receiving.mode is not ProtectionMode.OFF]

    async def begin(self, group: _Group, *, together: bool = False) -> None:
        """Judge, and make the first copies; `together`: one for all."""
        off = group.receiving.mode is ProtectionMode.OFF
        if off and not may_hold_ours(self._arrival.raw, self._prefixes):
            return
        try:
            places = group.places[: self._batch]
            answer, copies = await self._rewriter.protect(
                self._request(group, self._seals(group, places, together=together)), self._arrival.raw
            )
        except (TooCostlyError, BusyError) as error:
            if not off:
                busy = isinstance(error, BusyError)
                self._fail(group, SkipReason.FAILED if busy else SkipReason.TOO_COSTLY)
            return
        group.answer = answer
        if copies[0] != self._arrival.raw or group.guards:
            group.first = copies

    def give_up(self, group: _Group) -> None:
        """Leave the links as they are, since the message is not recorded."""
        if group.receiving.mode is not ProtectionMode.OFF:
            group.answer = None
            self._fail(group, SkipReason.FAILED)

    def _fail(self, group: _Group, reason: SkipReason) -> None:
        _log.warning("message %s is not protected: %s", self._arrival.trace_id, reason.value)
        group.failure = reason
        group.first = [self._marked(group, reason)]

    def _marked(self, group: _Group, reason: SkipReason) -> bytes:
        unprotected = [reason.value] if group.guards else []
        return marked(
            self._arrival.raw,
            verdict_fields(group.receiving.mode, links=0, unprotected=unprotected, findings=()),
            subject=subject_mark(known_bad=False, unprotected=group.guards),
            ours=OUR_FIELDS,
        )

    @property
    def _batch(self) -> int:
        return max(1, min(BATCH_RECIPIENTS, BATCH_BYTES // max(1, len(self._arrival.raw))))

    def _seals(self, group: _Group, places: Sequence[int], *, together: bool) -> tuple[Seal, ...]:
        nobody = not group.guards or group.receiving.domain.anonymous or self._snapshot.anonymous
        if nobody or (together and len(group.places) > 1):
            return (Seal(None, ANONYMOUS),)
        addressees = self._arrival.addressees
        return tuple(Seal(addressees[place].index, self._keys[place]) for place in places)

    def _request(self, group: _Group, seals: tuple[Seal, ...]) -> ProtectRequest:
        domain, protection = group.receiving.domain, group.protection
        base_url = self._snapshot.base_url(domain)
        lists, answers = self._config.threat_lists, self._config.threat_answers
        return ProtectRequest(
            options=msgspec.structs.replace(
                self._options,
                own_prefixes=tuple(dict.fromkeys((f"{base_url}/", *self._prefixes))),
                excluded_hosts=protection.trusted_hosts,
            ),
            mode=group.receiving.mode,
            base_url=base_url,
            unwrapped_prefixes=self._prefixes,
            own_domains=self._own_domains,
            own_lists=group.own_lists,
            threat_lists=str(lists) if lists is not None else "",
            threat_answers=str(answers) if answers is not None else "",
            at_us=self._arrival.at_us,
            domain_id=domain.domain_id,
            tracking_id=self._arrival.tracking_id,
            sender=self._arrival.facts.sender,
            sender_domain=self._arrival.facts.sender_domain,
            trust=self._config.trust,
            marks=Marks(
                unprotected=group.guards and protection.on_unprotected is OnUnprotected.MARK,
                bad_field=protection.on_known_bad is not OnKnownBad.LOG,
                bad_subject=group.guards and protection.on_known_bad is OnKnownBad.SUBJECT,
            ),
            seals=seals,
            keyring=self._ring.to_json(),
        )

    async def all_copies(self, groups: Sequence[_Group]) -> AsyncIterator[Copy]:
        """Yield the copies of all groups."""
        for group in groups:
            async for copy in self._copies(group):
                yield copy

    async def _copies(self, group: _Group) -> AsyncIterator[Copy]:
        raw = self._arrival.raw
        if not group.first:
            yield Copy(tuple(group.places), raw)
            return
        if not group.seals or len(self._seals(group, group.places, together=False)) < len(group.places):
            yield Copy(tuple(group.places), group.first[0], instead=self._instead(group))
            return
        made, group.first = group.first, []
        for start in range(0, len(group.places), self._batch):
            places = group.places[start : start + self._batch]
            if start:
                try:
                    seals = self._seals(group, places, together=False)
                    _, made = await self._rewriter.protect(self._request(group, seals), raw)
                except (TooCostlyError, BusyError):
                    # It went well for the first of them: whatever it is, it is not the message.
                    yield Copy(tuple(places), self._marked(group, SkipReason.FAILED))
                    continue
            for place, message in zip(places, made, strict=True):
                yield Copy((place,), message, instead=self._instead(group))

    def _instead(self, group: _Group) -> bytes | None:
        """Return what goes where guarded links make a message too large: only where it may go unguarded."""
        if group.guards and group.protection.on_unprotected is not OnUnprotected.MARK:
            return None
        return self._marked(group, SkipReason.TOO_BIG)

    def queued(self, groups: Sequence[_Group]) -> Queued | None:
        """Return the record of the message; None where it is not protected for anybody."""
        seen = self.seen(groups)
        if not seen:
            return None
        arrival = self._arrival
        answers = [group.answer for group in seen if group.answer is not None]
        fullest = max(answers, key=lambda answer: len(answer.links), default=None)
        strictest = max(seen, key=lambda group: _STRICTNESS[group.receiving.mode])
        places = sorted(place for group in seen for place in group.places)
        addressees = arrival.addressees
        return Queued(
            at_us=arrival.at_us,
            tracking_id=arrival.tracking_id,
            origin=arrival.origin,
            direction=Direction.INBOUND,
            domain_id=strictest.receiving.domain.domain_id,
            trace_id=arrival.trace_id,
            reverse_path=arrival.reverse_path,
            recipients=tuple(self._recipient(addressees[place], self._keys[place]) for place in places),
            message_id=arrival.facts.message_id,
            subject=arrival.facts.subject,
            sender=arrival.facts.sender,
            size=len(arrival.raw),
            links=any(group.seals and group.answer and group.answer.links for group in seen),
            tracked_links=tuple(
                QueuedLink(link.number, link.url, link.text, link.part)
                for link in (fullest.links if fullest is not None else ())
            ),
            manifest=fullest.manifest if fullest is not None else "",
            protection=strictest.receiving.mode.value,
            unprotected=tuple(dict.fromkeys(reason for group in seen for reason in group.unprotected))[
                :MAX_REASONS
            ],
            findings=fullest.findings if fullest is not None else (),
        )

    def _recipient(self, addressee: Addressee, key: bytes) -> QueuedRecipient:
        domain = self._snapshot.domain(addressee.address.rpartition("@")[2])
        nobody = domain.anonymous or self._snapshot.anonymous
        return QueuedRecipient(addressee.index, addressee.address, b"" if nobody else key)


def _nothing_goes(arrival: Arrival, answer: Reply) -> Prepared:
    async def nothing() -> AsyncIterator[Copy]:
        return
        yield

    wanted = {place: answer for place, each in enumerate(arrival.addressees) if each.wanted}
    return Prepared(whole=False, recorded=False, copies=nothing(), settled=wanted)
