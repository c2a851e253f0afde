"""work: one received message under one policy: who is treated alike, what a worker is asked, what goes."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from backstamp.gateway.batches import at_once, copies_for
from backstamp.gateway.config import ProtectionConfig
from backstamp.gateway.delivering.copies import Arrival, Copy
from backstamp.gateway.protection.groups import PUT_OFF, Group, strictness
from backstamp.gateway.protection.united import united
from backstamp.gateway.rewriter.messages import Marks, ProtectAnswer, ProtectRequest, Seal
from backstamp.gateway.rewriter.pool import BusyError, RewriterPool, TooCostlyError
from backstamp.gateway.rewriter.unwrapping import may_hold_ours
from backstamp.gateway.rewriter.verdict_fields import OUR_FIELDS, subject_mark, verdict_fields
from backstamp.gateway.standing import Standing
from backstamp.mail.authentication_results import authentic_domains
from backstamp.mail.marks import HEAD_OCTETS, marks
from backstamp.mail.patches import Patched, in_order
from backstamp.policy import (
    OnKnownBad,
    OnUnprotected,
    OwnList,
    ProtectionMode,
    Receiving,
    Snapshot,
    addressed,
    lists_for,
    receive,
)
from backstamp.rewriting import Options, SkipReason
from backstamp.tokens import ANONYMOUS
from backstamp.vocabulary import Direction, Queued, QueuedLink, QueuedRecipient

_log = logging.getLogger("backstamp.gateway")

MAX_REASONS: Final = 40


class Work:
    """One arrival under one policy."""

    def __init__(
        self,
        rewriter: RewriterPool,
        arrival: Arrival,
        snapshot: Snapshot,
        standing: Standing,
        options: Options,
        config: ProtectionConfig,
    ) -> None:
        self._rewriter = rewriter
        self._arrival = arrival
        self._snapshot = snapshot
        self._standing = standing
        self._options = options
        self._config = config
        self._prefixes = standing.prefixes
        meant = [addressed(snapshot, each.address, standing.nameless) for each in arrival.addressees]
        self._addresses = [address for address, _ in meant]
        self._domains = [domain for _, domain in meant]
        self._keys = [standing.ring.recipient_key(address) for address in self._addresses]

    def groups(self) -> list[Group]:
        """Return the wanted addressees by what is done for them."""
        arrival = self._arrival
        authentic = authentic_domains(arrival.header, self._config.authserv_ids)
        found: dict[tuple[object, ...], Group] = {}
        for place, addressee in enumerate(arrival.addressees):
            if not addressee.wanted:
                continue
            receiving = receive(
                self._domains[place],
                recipient_key=self._keys[place],
                sender=arrival.facts.sender,
                authentic_domains=authentic,
            )
            own: tuple[OwnList, ...] = ()
            if receiving.mode is not ProtectionMode.OFF:
                own = lists_for(self._snapshot, domain=receiving.domain.name, recipient_key=self._keys[place])
            off = receiving.mode is ProtectionMode.OFF
            key = (ProtectionMode.OFF,) if off else (receiving.mode, receiving.domain.name, own)
            group = found.setdefault(key, Group.of(receiving, own))
            group.places.append(place)
        return list(found.values())

    def outgoing(self) -> Group:
        """Return all addressees as those of mail that one of our own people sends."""
        nobody = Receiving(self._snapshot.domain(""), ProtectionMode.OFF)
        group = Group.of(nobody, ())
        group.places = list(range(len(self._arrival.addressees)))
        return group

    @property
    def has_outsiders(self) -> bool:
        """Whether somebody gets the message whose domain is none of ours."""
        return any(domain.domain_id == 0 for domain in self._domains)

    def seen(self, groups: Sequence[Group]) -> list[Group]:
        """Return the groups of whose mail something is kept."""
        return [group for group in groups if group.receiving.mode is not ProtectionMode.OFF]

    async def begin(self, group: Group, *, together: bool = False) -> None:
        """Judge, and make the first copies; `together`: one for all."""
        off = group.receiving.mode is ProtectionMode.OFF
        if off and not may_hold_ours(self._arrival.raw, self._prefixes):
            return
        try:
            places = group.places[: at_once(len(self._arrival.raw))]
            answer, copies = await self._protect(group, self._seals(group, places, together=together))
        except (TooCostlyError, BusyError) as error:
            if not off:
                busy = isinstance(error, BusyError)
                self._fail(group, SkipReason.FAILED if busy else SkipReason.TOO_COSTLY)
            return
        group.answer = answer
        if copies[0].patches or group.guards:
            group.first = copies

    async def _protect(self, group: Group, seals: tuple[Seal, ...]) -> tuple[ProtectAnswer, list[Patched]]:
        arrival = self._arrival
        return await self._rewriter.protect(self._request(group, seals), arrival.raw, arrival.party)

    def give_up(self, group: Group) -> None:
        """Leave the links as they are, since the message is not recorded."""
        if group.receiving.mode is not ProtectionMode.OFF:
            group.answer = None
            self._fail(group, SkipReason.FAILED)

    def _fail(self, group: Group, reason: SkipReason) -> None:
        _log.warning("message %s is not protected: %s", self._arrival.trace_id, reason.value)
        group.failure = reason
        group.first = [self._marked(group, reason)]

    def _marked(self, group: Group, reason: SkipReason) -> Patched:
        unprotected = [reason.value] if group.guards else []
        raw = self._arrival.raw
        patches = marks(
            raw[:HEAD_OCTETS],
            verdict_fields(group.receiving.mode, links=0, unprotected=unprotected, findings=()),
            subject=subject_mark(known_bad=False, unprotected=group.guards),
            ours=OUR_FIELDS,
        )
        return Patched(raw, in_order(len(raw), patches))

    def _seals(self, group: Group, places: Sequence[int], *, together: bool) -> tuple[Seal, ...]:
        nobody = not group.guards or group.receiving.domain.anonymous or self._snapshot.anonymous
        if nobody or (together and len(self._arrival.addressees) > 1):
            return (Seal(None, ANONYMOUS),)
        addressees = self._arrival.addressees
        return tuple(Seal(addressees[place].index, self._keys[place]) for place in places)

    def _request(self, group: Group, seals: tuple[Seal, ...]) -> ProtectRequest:
        domain, protection = group.receiving.domain, group.protection
        base_url = self._snapshot.base_url(domain)
        config = self._config
        return ProtectRequest(
            options=msgspec.structs.replace(
                self._options,
                own_prefixes=tuple(dict.fromkeys((f"{base_url}/", *self._prefixes))),
                excluded_hosts=protection.trusted_hosts,
            ),
            mode=group.receiving.mode,
            base_url=base_url,
            unwrapped_prefixes=self._prefixes,
            own_domains=self._standing.domains,
            own_lists=group.own_lists,
            threat_lists=_text(config.threat_lists),
            threat_answers=_text(config.threat_answers),
            known_sites=_text(config.known_sites),
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
            keyring=self._standing.keyring_text,
            unguarded=group.unguarded,
        )

    def all_copies(self, groups: Sequence[Group]) -> AsyncIterator[Copy]:
        """Return the copies of all groups."""
        return self._copies(groups[0]) if len(groups) == 1 else self._chained(groups)

    async def _chained(self, groups: Sequence[Group]) -> AsyncIterator[Copy]:
        for group in groups:
            async for copy in self._copies(group):
                yield copy

    async def _copies(self, group: Group) -> AsyncIterator[Copy]:
        if not group.first:
            yield Copy(tuple(group.places), Patched(self._arrival.raw))
            return
        if not group.seals or len(self._seals(group, group.places, together=False)) < len(group.places):
            yield Copy(tuple(group.places), group.first[0], instead=self._instead(group))
            return

        async def make(places: Sequence[int]) -> list[Patched]:
            _, copies = await self._protect(group, self._seals(group, places, together=False))
            return copies

        copies = copies_for(group.places, group.first, make, trace_id=self._arrival.trace_id)
        group.first = []
        async for places, made in copies:
            if made is None:
                yield self._unmade(group, places)
            else:
                yield Copy(places, made, instead=self._instead(group))

    def _unmade(self, group: Group, places: tuple[int, ...]) -> Copy:
        """Return what becomes of those for whom no copy could be made, after it went well for the first.

        Whatever it is, it is not the message: it may go well at the next try.
        """
        if group.protection.on_unprotected is OnUnprotected.MARK:
            return Copy(places, self._marked(group, SkipReason.FAILED))
        return Copy(places, Patched(self._arrival.raw), withheld=PUT_OFF)

    def _instead(self, group: Group) -> Callable[[], Patched] | None:
        """Return what makes the message for where guarded links make it too large; None: it must be guarded.

        It is made where it is needed only: for nearly all mail it would be for nothing.
        """
        if group.guards and group.protection.on_unprotected is not OnUnprotected.MARK:
            return None
        return partial(self._marked, group, SkipReason.TOO_BIG)

    def queued(self, groups: Sequence[Group]) -> Queued | None:
        """Return the record of the message; None where it is not protected for anybody."""
        seen = self.seen(groups)
        if not seen:
            return None
        arrival = self._arrival
        answers = [group.answer for group in seen if group.answer is not None]
        fullest = max(answers, key=lambda answer: len(answer.links), default=None)
        links, findings = united(answers)
        strictest = max(seen, key=strictness)
        places = sorted(place for group in seen for place in group.places)
        return Queued(
            at_us=arrival.at_us,
            tracking_id=arrival.tracking_id,
            origin=arrival.origin,
            direction=Direction.INBOUND,
            domain_id=strictest.receiving.domain.domain_id,
            trace_id=arrival.trace_id,
            reverse_path=arrival.reverse_path,
            recipients=tuple(map(self._recipient, places)),
            message_id=arrival.facts.message_id,
            subject=arrival.facts.subject,
            sender=arrival.facts.sender,
            size=len(arrival.raw),
            links=any(group.seals and group.answer and group.answer.links for group in seen),
            tracked_links=tuple(QueuedLink(link.number, link.url, link.text, link.part) for link in links),
            manifest=fullest.manifest if fullest is not None else "",
            protection=strictest.receiving.mode.value,
            unprotected=tuple(dict.fromkeys(reason for group in seen for reason in group.unprotected))[
                :MAX_REASONS
            ],
            findings=findings,
        )

    def _recipient(self, place: int) -> QueuedRecipient:
        nobody = self._domains[place].anonymous or self._snapshot.anonymous
        key = b"" if nobody else self._keys[place]
        return QueuedRecipient(self._arrival.addressees[place].index, self._addresses[place], key)


def _text(path: Path | None) -> str:
    return "" if path is None else str(path)
