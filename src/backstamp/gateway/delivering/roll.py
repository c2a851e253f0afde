"""roll: the recipients of one try of a message, by their places in it: index, and what came of each."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from backstamp.gateway.delivering.copies import Addressee
from backstamp.gateway.delivering.earlier_tries import EarlierTries
from backstamp.gateway.protocol.commands import Mailbox
from backstamp.gateway.protocol.reply import Reply, reply
from backstamp.gateway.relaying.handover import Outcome, Stage

ACCEPTED_EARLIER: Final = Outcome(
    Stage.EARLIER, reply(250, "2.0.0 The next hop has it from an earlier try of this message")
)


class RcptAnswer(NamedTuple):
    """A recipient that the client named, and the next hop's reply to it."""

    recipient: Mailbox
    reply: Reply


class Roll:
    """Who is named in a transaction, and what came of it. A fate is settled once; in the end all are."""

    def __init__(self, rcpts: Sequence[RcptAnswer], earlier: EarlierTries) -> None:
        self.tried: Final = [place for place, rcpt in enumerate(rcpts) if rcpt.reply.positive]
        """The places of those whom the next hop took."""
        self._rcpts = rcpts
        self._earlier = earlier
        self._indices: list[int] = []
        self._outcomes: list[Outcome | None] = [None] * len(rcpts)
        self._twins: dict[int, int] = {}
        """Recipients that were named before, by place, and the place where; they share copy and outcome."""

    def __len__(self) -> int:
        return len(self._rcpts)

    def addressees(self, suppression: Callable[[str], Outcome | None]) -> tuple[Addressee, ...]:
        """Give each recipient its index, and settle those to whom nothing is sent now.

        `suppression` returns what becomes of an address that is not to be written to.
        """
        known = self._earlier.tracking_id is not None
        free = 0
        addressees: list[Addressee] = []
        places: dict[str, int] = {}
        for place, rcpt in enumerate(self._rcpts):
            earlier = self._earlier.recipient(place)
            twin = places.get(rcpt.recipient.path)
            if twin is not None:
                index = self._indices[twin]
            elif known and earlier is not None:
                index = earlier.index
            else:
                index, free = free, free + 1
            self._indices.append(index)
            wanted = False
            suppressed = suppression(rcpt.recipient.address)
            if earlier is not None and earlier.accepted:
                # Also where they are refused by now: nobody knew whose message it is when they were named.
                self._outcomes[place] = ACCEPTED_EARLIER
            elif not rcpt.reply.positive:
                self._outcomes[place] = Outcome(Stage.RCPT, rcpt.reply)
            elif twin is not None:
                self._twins[place] = twin
            elif suppressed is not None:
                self._outcomes[place] = suppressed
            else:
                wanted = True
                places[rcpt.recipient.path] = place
            addressees.append(Addressee(index, rcpt.recipient.address, wanted=wanted))
        return tuple(addressees)

    def recipient(self, place: int) -> Mailbox:
        """Return the recipient as the client named it."""
        return self._rcpts[place].recipient

    def index(self, place: int) -> int:
        """Return its index in tokens."""
        return self._indices[place]

    def settle(self, places: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """Note what came of a copy."""
        for place, outcome in zip(places, outcomes, strict=True):
            self._outcomes[place] = outcome

    def settle_twins(self) -> None:
        """Note of those who were named twice what came of their copy."""
        for place, twin in self._twins.items():
            self._outcomes[place] = self._outcomes[twin]

    @property
    def all_well(self) -> bool:
        """Whether nobody is refused yet."""
        return all(each is None or each.reply.positive for each in self._outcomes)

    def outcome(self, place: int) -> Outcome:
        """Return what came of it for a recipient whose fate is settled."""
        outcome = self._outcomes[place]
        assert outcome is not None, "every recipient has an outcome by now"
        return outcome

    def accepted(self, places: Iterable[int]) -> list[int]:
        """Return the places of those, of these, who have it."""
        return [place for place in places if self.outcome(place).reply.positive]

    def delivered(self) -> Iterator[tuple[int, Outcome]]:
        """Yield indices and outcomes of this try, each recipient once."""
        for place, index in enumerate(self._indices):
            outcome = self.outcome(place)
            if outcome.stage is not Stage.EARLIER and place not in self._twins:
                yield index, outcome

    def named_again(self, replies: Sequence[Reply], *, lmtp: bool) -> Collection[int]:
        """Return the places of those whom the client will name again; with LMTP each has a reply."""
        if not lmtp and replies[0].transient:
            return range(len(self._rcpts))
        put_off = {place for place, rcpt in enumerate(self._rcpts) if rcpt.reply.transient}
        return put_off.union(
            place for place, answer in zip(self.tried, replies, strict=False) if answer.transient
        )
