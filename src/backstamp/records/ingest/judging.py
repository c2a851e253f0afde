"""Ask the verdict about hits, with what the memory knows of their messages, recipients and siblings.

Hits are taken recipient by recipient: what is known of a message and of a recipient is looked up once for all
that a batch has of them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from backstamp.records.events.judgements import Judgement
from backstamp.records.events.stored_hits import Pair, Place, StoredHit
from backstamp.records.memory.today import Memory
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.verdicts import Verdict, judge, judge_alone
from backstamp.vocabulary import Hit

ByPair = Mapping[Pair, list[StoredHit]]
"""Hits by recipient, those of each in the order of time."""

_place: Final = attrgetter("place")


def by_pair(hits: Iterable[StoredHit]) -> dict[Pair, list[StoredHit]]:
    """Return hits, whose recipients are known, by recipient."""
    found: dict[Pair, list[StoredHit]] = {}
    for hit in hits:
        assert hit.recipient is not None
        pair = hit.message, hit.recipient
        theirs = found.get(pair)
        if theirs is None:
            found[pair] = [hit]
        else:
            theirs.append(hit)
    for theirs in found.values():
        if len(theirs) > 1:
            theirs.sort(key=_place)
    # Not sorted by message: it takes 2 % off a hit's time with 10 million events, for indexes are written in
    # their order, and adds 3 % in a small database, for memory is not read in its order.
    return found


def neighbours(new: ByPair, memory: Memory) -> dict[Place, StoredHit]:
    """Return the older hits whose verdict these new ones may change; the new ones are in their groups.

    Everything that is needed to judge the older ones is in the memory then.
    """
    again: dict[Place, StoredHit] = {}
    around: dict[Place, StoredHit] = {}
    sources, several = memory.sources, memory.sources.several
    for pair, hits in new.items():
        names_nobody = pair[1] == NO_RECIPIENT
        if not names_nobody and (older := memory.group(pair).judged_by(hits)):
            again.update((hit.place, hit) for hit in older)
        for hit in hits:
            if names_nobody or hit.hit.source in several:
                around.update((other.place, other) for other in sources.around(hit))
    elsewhere: dict[Pair, list[Place]] = {}
    if around:
        _take_out(new, around)
        for other in around.values():
            assert other.recipient is not None
            elsewhere.setdefault((other.message, other.recipient), []).append(other.place)
    if elsewhere:
        memory.cards(message for message, _ in elsewhere)
        elsewhere = {pair: places for pair, places in elsewhere.items() if memory.card(pair[0])}
        memory.recipients((), elsewhere)
        memory.groups({pair: min(places)[0] for pair, places in elsewhere.items()})
        again.update((hit.place, hit) for hit in memory.hits(elsewhere))
    _take_out(new, again)
    left = {place: hit for place, hit in again.items() if not hit.closed}
    memory.sources.load(zip(left.values()), memory.headers)
    return left


def _take_out(new: ByPair, found: dict[Place, StoredHit]) -> None:
    """Take new hits out of what was found; only those of the same recipients can be there."""
    for message, index in {(hit.message, hit.recipient) for hit in found.values()}:
        for hit in () if index is None else new.get((message, index), ()):
            found.pop(hit.place, None)


def verdicts(hits: ByPair, memory: Memory) -> list[tuple[StoredHit, Verdict]]:
    """Judge hits of known messages; groups, cards and sources must be in the memory.

    The clock starts when the next hop took the recipient's copy, and for a hit that names nobody when
    it took the first one.
    """
    found: list[tuple[StoredHit, Verdict]] = []
    sources, several, names = memory.sources, memory.sources.several, memory.names
    for pair, theirs in hits.items():
        message, index = pair
        card = memory.card(message)
        assert card is not None
        recipient = card.by_index.get(index)
        names_nobody = index == NO_RECIPIENT
        if names_nobody:
            delivered_at_us = card.first_sent_at_us
        else:
            delivered_at_us = None if recipient is None else recipient.sent_at_us
        total_links, sent_at_us = card.total_links, card.queued_at_us
        bounced = recipient is not None and recipient.bounced
        group = None if names_nobody else memory.group(pair)
        are_alike = group is not None and group.are_alike(theirs)
        if are_alike and names.are_none and theirs[0].hit.source not in several:
            alone = judge_alone(
                [hit.hit for hit in theirs],
                total_links=total_links,
                delivered_at_us=delivered_at_us,
                sent_at_us=sent_at_us,
                bounced=bounced,
            )
            found += zip(theirs, alone, strict=True)
            continue
        for hit in theirs:
            around = sources.around(hit)
            siblings: Sequence[Hit] = ()
            elsewhere: Sequence[Hit] = [other.hit for other in around]
            if group is None:
                # Two hits that name nobody are taken to be of one person where they come from one source.
                siblings = [other.hit for other in around if (other.message, other.recipient) == pair]
                elsewhere = [other.hit for other in around if (other.message, other.recipient) != pair]
            elif around or not are_alike:
                mine = group.siblings(hit)
                siblings, elsewhere = ((), ()) if mine is None else (mine, elsewhere)
            address = hit.hit.address
            verdict = judge(
                hit.hit,
                siblings,
                elsewhere,
                total_links=total_links,
                delivered_at_us=delivered_at_us,
                sent_at_us=sent_at_us,
                bounced=bounced,
                certain_rdns="" if address is None else names.of(address),
            )
            found.append((hit, verdict))
    return found


def judgements(
    found: Collection[tuple[StoredHit, Verdict]], memory: Memory
) -> list[tuple[StoredHit, Judgement]]:
    """Return the verdicts as the records keep them."""
    known = memory.reasons.judgements({id(verdict): verdict for _, verdict in found})
    return [(hit, known[id(verdict)]) for hit, verdict in found]


def apply(judged: Iterable[tuple[StoredHit, Judgement]]) -> None:
    """Let the hits hold their judgements, as the records now do."""
    for hit, found in judged:
        hit.stand(found)
