"""Ask the verdict about hits, with what the memory knows of their messages, recipients and siblings."""

from collections.abc import Collection, Iterable

from backstamp.records.dictionaries import Judgement
from backstamp.records.memory import Memory
from backstamp.records.stored_hits import Pair, Place, StoredHit
from backstamp.tokens.sealing import NO_RECIPIENT
from backstamp.verdicts import Verdict, is_shared, judge
from backstamp.vocabulary import Hit


def neighbours(new: Collection[StoredHit], memory: Memory) -> dict[Place, StoredHit]:
    """Return the older hits whose verdict these new ones may change; the new ones are in their groups.

    Everything that is needed to judge the older ones is in the memory then.
    """
    again: dict[Place, StoredHit] = {}
    by_pair: dict[Pair, list[StoredHit]] = {}
    elsewhere: dict[Pair, list[Place]] = {}
    for hit in new:
        assert hit.recipient is not None
        pair = hit.message, hit.recipient
        if hit.recipient != NO_RECIPIENT:
            by_pair.setdefault(pair, []).append(hit)
        # Many people come from an address of a network that people share, so it tells nothing of others.
        around = memory.sources.around(hit)
        if around and (hit.recipient == NO_RECIPIENT or not is_shared(hit.hit)):
            for other in around:
                if pair != (other.message, other.recipient) or other.recipient == NO_RECIPIENT:
                    elsewhere.setdefault((other.message, other.recipient), []).append(other[:3])
    for pair, hits in by_pair.items():
        again.update((hit.place, hit) for hit in memory.group(pair).judged_by(hits))
    if elsewhere:
        memory.cards(message for message, _ in elsewhere)
        elsewhere = {pair: places for pair, places in elsewhere.items() if memory.card(pair[0])}
        memory.recipients((), elsewhere)
        memory.groups(elsewhere)
        again.update((hit.place, hit) for hit in memory.hits(elsewhere))
    for hit in new:
        again.pop(hit.place, None)
    older = {place: hit for place, hit in again.items() if not hit.closed}
    memory.sources.load(older.values(), memory.headers)
    return older


def verdicts(hits: Iterable[StoredHit], memory: Memory) -> list[tuple[StoredHit, Verdict]]:
    """Judge hits of known messages; groups, cards and sources must be in the memory.

    The clock starts when the next hop took the recipient's copy, and for a hit that names nobody when
    it took the first one.
    """
    return [(hit, _verdict(hit, memory)) for hit in hits]


def judgements(
    found: Collection[tuple[StoredHit, Verdict]], memory: Memory
) -> list[tuple[StoredHit, Judgement]]:
    """Return the verdicts as the records keep them."""
    kept = memory.reasons.judgements(verdict_ for _, verdict_ in found)
    return list(zip((hit for hit, _ in found), kept, strict=True))


def _verdict(hit: StoredHit, memory: Memory) -> Verdict:
    card = memory.card(hit.message)
    assert card is not None
    recipient = None if hit.recipient is None else card.by_index.get(hit.recipient)
    if hit.recipient == NO_RECIPIENT:
        delivered_at_us = card.first_sent_at_us
    else:
        delivered_at_us = None if recipient is None else recipient.sent_at_us
    siblings, elsewhere = _beside(hit, memory)
    address = hit.hit.address
    return judge(
        hit.hit,
        siblings,
        elsewhere,
        total_links=card.total_links,
        delivered_at_us=delivered_at_us,
        sent_at_us=card.queued_at_us,
        bounced=recipient is not None and recipient.bounced,
        certain_rdns="" if address is None else memory.names.of(address),
    )


def _beside(hit: StoredHit, memory: Memory) -> tuple[list[Hit], list[Hit]]:
    """Return the siblings of a hit, and hits of others from its source.

    Two hits that name nobody are taken to be of one person where they come from one source.
    """
    message, recipient = hit.message, hit.recipient
    assert recipient is not None
    around = memory.sources.around(hit)
    if recipient == NO_RECIPIENT:
        siblings = [
            other.hit for other in around if other.message == message and other.recipient == recipient
        ]
    else:
        mine = memory.group((message, recipient)).siblings(hit)
        if mine is None:
            return [], []
        siblings = [other.hit for other in mine]
        if not around or is_shared(hit.hit):
            return siblings, []
    return siblings, [
        other.hit for other in around if other.recipient != recipient or other.message != message
    ]


def apply(judged: Iterable[tuple[StoredHit, Judgement]]) -> None:
    """Let the hits hold their judgements, as the records now do."""
    for hit, found in judged:
        hit.stand(found)
