"""tracking: what a message's recipients get: the decision for each, the record, and the copies.

The record (`Queued`) is written before the first copy is given out; where it cannot be written, the mail
goes out untracked, for a token of an unknown message must not exist.
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from backstamp.gateway.batches import at_once, copies_for
from backstamp.gateway.delivering.copies import Arrival, Copy, Prepared, as_it_came
from backstamp.gateway.message_records import recorded
from backstamp.gateway.rewriter.messages import RewriteAnswer, RewriteRequest, Seal
from backstamp.gateway.rewriter.pool import BusyError, RewriterPool, TooCostlyError
from backstamp.gateway.rewriter.unwrapping import may_hold_ours
from backstamp.gateway.standing import LastStanding, Standing
from backstamp.journal import JournalWriter
from backstamp.mail.patches import Patched
from backstamp.policy import ControlAxes, Decision, DomainPolicy, adds_unsubscribe, decide
from backstamp.rewriting import ControlFields, Options, SkipReason
from backstamp.shared_files import SnapshotFile
from backstamp.tokens import ANONYMOUS, Keyring
from backstamp.vocabulary import Queued, QueuedLink, QueuedRecipient

_log = logging.getLogger("backstamp.gateway")

BUSY: Final = "no rewriting process was free in time"


class _Group(msgspec.Struct, kw_only=True):
    """Addressees with the same decision; `first`: the first batch of copies, empty where nothing changes."""

    decision: Decision
    places: list[int]
    reason: str = ""
    answer: RewriteAnswer | None = None
    first: list[Patched] = []

    @property
    def tracks(self) -> bool:
        return self.answer is not None and self.answer.tracks

    @property
    def is_personal(self) -> bool:
        return self.answer is not None and self.answer.is_personal


@dataclass(kw_only=True)
class Tracker:
    """Turns an arrival into copies; `options` is what holds for all mail."""

    keyring: Callable[[], Keyring]
    snapshot: SnapshotFile
    journal: JournalWriter
    rewriter: RewriterPool
    options: Options
    _standing: LastStanding = field(default_factory=LastStanding, init=False)

    async def prepare(self, arrival: Arrival) -> Prepared:
        """Decide, make the first copies, and write the record."""
        try:
            standing = self._standing.of(self.snapshot.current(), self.keyring())
            work = _Work(self.rewriter, arrival, standing, self.options)
            groups = await work.groups()
            queued = work.queued(groups)
        except Exception as error:  # noqa: BLE001 - no fault of tracking is worth the mail
            _log.error("message %s is not tracked: %s", arrival.trace_id, type(error).__name__)
            return Prepared(True, arrival.recorded, as_it_came(arrival))
        sealed = any(group.is_personal for group in groups)
        if arrival.recorded or await recorded(self.journal, queued, sealed=sealed, else_it_is="not tracked"):
            return Prepared(not any(group.first for group in groups), True, work.all_copies(groups))
        return Prepared(True, False, as_it_came(arrival))


class _Work:
    """One arrival under one policy."""

    def __init__(
        self,
        rewriter: RewriterPool,
        arrival: Arrival,
        standing: Standing,
        options: Options,
    ) -> None:
        self._rewriter = rewriter
        self._arrival = arrival
        snapshot, ring = standing.snapshot, standing.ring
        self._snapshot = snapshot
        self._standing = standing
        self._options = options
        sender = arrival.facts.sender
        self._domain = (
            snapshot.domain(sender.rpartition("@")[2])
            if snapshot is not None
            else DomainPolicy(domain_id=0, name="")
        )
        self._anonymous = snapshot is not None and (snapshot.anonymous or self._domain.anonymous)
        self._unsubscribe = not self._anonymous and adds_unsubscribe(
            snapshot, origin=arrival.origin, sender_domain=arrival.facts.sender_domain
        )
        self._guarded_prefixes = standing.prefixes
        self._may_hold_ours = may_hold_ours(arrival.raw, self._guarded_prefixes)
        self._keys = [ring.recipient_key(each.address) for each in arrival.addressees]
        self._wanted = [place for place, each in enumerate(arrival.addressees) if each.wanted]

    async def groups(self) -> list[_Group]:
        """Return the wanted addressees by decision, with the first batch of copies of each."""
        by_decision: dict[tuple[bool, bool], _Group] = {}
        asked = ControlAxes(self._arrival.controls.opens, self._arrival.controls.links)
        for place in self._wanted:
            decision = decide(
                self._snapshot,
                origin=self._arrival.origin,
                sender=self._arrival.facts.sender,
                recipient_key=self._keys[place],
                asked=asked,
            )
            group = by_decision.setdefault(
                (decision.opens, decision.links), _Group(decision=decision, places=[])
            )
            group.places.append(place)
        for group in by_decision.values():
            await self._begin(group)
        groups = list(by_decision.values())
        tracked = [group for group in groups if group.tracks]
        personal = [group for group in groups if group.is_personal and not group.tracks]
        others = [group for group in groups if not group.is_personal]
        return tracked + personal + _joined(others)

    async def _begin(self, group: _Group) -> None:
        has_controls = self._arrival.controls != ControlFields()
        if group.decision.untracked_reason:
            group.reason = group.decision.untracked_reason
            if not has_controls and not self._unsubscribe and not self._may_hold_ours:
                return
        try:
            answer, copies = await self._rewrite(group, group.places[: at_once(len(self._arrival.raw))])
        except (TooCostlyError, BusyError) as error:
            group.reason = BUSY if isinstance(error, BusyError) else SkipReason.TOO_COSTLY.sentence
            _log.warning("message %s is not tracked: %s", self._arrival.trace_id, group.reason)
            return
        group.answer = answer
        if answer.is_personal:
            group.first = copies
        if answer.tracks:
            return
        group.reason = group.reason or answer.summary.removeprefix("not tracked: ")
        if answer.changes_all:
            group.first = copies[:1]  # the same for everybody, so it needs no splitting

    async def _rewrite(self, group: _Group, places: Sequence[int]) -> tuple[RewriteAnswer, list[Patched]]:
        addressees = self._arrival.addressees
        seals = (
            (Seal(None, ANONYMOUS),)
            if self._anonymous or (group.decision.untracked_reason and not self._unsubscribe)
            else tuple(Seal(addressees[place].index, self._keys[place]) for place in places)
        )
        base_url = self._snapshot.base_url(self._domain) if self._snapshot is not None else ""
        request = RewriteRequest(
            options=msgspec.structs.replace(
                self._options,
                opens=group.decision.opens,
                links=group.decision.links,
                unsubscribe=self._unsubscribe,
                one_click=base_url.startswith("https://"),
                own_prefixes=(f"{base_url}/",),
            ),
            base_url=base_url,
            domain_id=self._domain.domain_id,
            tracking_id=self._arrival.tracking_id,
            sender_domain=self._arrival.facts.sender_domain,
            seals=seals,
            keyring=self._standing.keyring_text,
            unwrapped_prefixes=self._guarded_prefixes if self._may_hold_ours else (),
        )
        return await self._rewriter.rewrite(request, self._arrival.raw, self._arrival.party)

    async def all_copies(self, groups: Sequence[_Group]) -> AsyncIterator[Copy]:
        """Yield the copies of all groups."""
        for group in groups:
            async for copy in self._copies(group):
                yield copy

    async def _copies(self, group: _Group) -> AsyncIterator[Copy]:
        """Yield the copies of one group."""
        if not group.is_personal or self._anonymous:
            message = group.first[0] if group.first else self._as_it_came()
            yield Copy(tuple(group.places), message, instead=self._as_it_came if group.tracks else None)
            return

        async def make(places: Sequence[int]) -> list[Patched]:
            _, copies = await self._rewrite(group, places)
            return copies

        copies = copies_for(group.places, group.first, make, trace_id=self._arrival.trace_id)
        group.first = []
        async for places, made in copies:
            if made is None:
                yield Copy(places, self._as_it_came())
            else:
                yield Copy(places, made, instead=self._as_it_came)

    def _as_it_came(self) -> Patched:
        return Patched(self._arrival.raw)

    def queued(self, groups: Sequence[_Group]) -> Queued:
        """Return the record of the message."""
        arrival = self._arrival
        tracked = [group.answer for group in groups if group.answer is not None and group.answer.tracks]
        answers = tracked or [group.answer for group in groups if group.answer is not None]
        links = max((answer.links for answer in tracked), key=len, default=())
        reasons = dict.fromkeys(group.reason for group in groups if group.reason)
        return Queued(
            at_us=arrival.at_us,
            tracking_id=arrival.tracking_id,
            origin=arrival.origin,
            domain_id=self._domain.domain_id,
            trace_id=arrival.trace_id,
            reverse_path=arrival.reverse_path,
            recipients=tuple(
                QueuedRecipient(each.index, each.address, b"" if self._anonymous else key)
                for each, key in zip(arrival.addressees, self._keys, strict=True)
            ),
            message_id=arrival.facts.message_id
            or (arrival.given_message_id if any(group.first for group in groups) else ""),
            subject=arrival.facts.subject,
            sender=arrival.facts.sender,
            size=len(arrival.raw),
            opens=any(answer.has_pixel for answer in tracked),
            links=bool(links),
            untracked_reason="" if tracked else "; ".join(reasons),
            tracked_links=tuple(QueuedLink(link.number, link.url, link.text, link.part) for link in links),
            manifest=max((answer.manifest for answer in answers), key=len, default=""),
        )


def _joined(groups: list[_Group]) -> list[_Group]:
    """Join the groups whose addressees get the very same octets, so that they go in one transaction."""
    if not groups:
        return []
    first = next((group for group in groups if group.first), groups[0])
    first.reason = "; ".join(dict.fromkeys(group.reason for group in groups))
    first.places = sorted(place for group in groups for place in group.places)
    return [first]
