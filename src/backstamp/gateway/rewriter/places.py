"""places: so many may do something at once; next is who waits for the party that has the fewest places."""

import asyncio
from collections import deque

from backstamp.gateway.access import Party


class Places:
    """Places of one kind. Make them inside the loop they are used in."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._taken: dict[Party, int] = {}
        self._queues: dict[Party, deque[asyncio.Future[None]]] = {}
        """Who waits, by party; whose turn was last is the last."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._queues.values()))

    def take_at_once(self, party: Party) -> bool:
        """Take a place if one is free; return whether it was."""
        if not self._free:
            return False
        self._free -= 1
        self._taken[party] = self._taken.get(party, 0) + 1
        return True

    async def take(self, party: Party, until: float) -> None:
        """Take a place as soon as it is this party's turn; `until`, by the loop's clock, it waits.

        Raises `TimeoutError`.
        """
        if self.take_at_once(party):
            return
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._queues.setdefault(party, deque()).append(turn)
        timer = loop.call_at(until, _end, turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give(party)  # It came in the very moment.
            else:
                self._leave(party, turn)
            raise
        finally:
            timer.cancel()

    def give(self, party: Party) -> None:
        """Give a party's place back: to who has waited longest of the party whose turn it is."""
        self._free += 1
        while self._free and self._queues:
            # Who gives has it yet, as far as this counts: it would be first again.
            fewest = min(self._queues, key=self._places_of)
            queue = self._queues.pop(fewest)
            turn = queue.popleft()
            if queue:
                self._queues[fewest] = queue
            if not turn.done():
                self.take_at_once(fewest)
                turn.set_result(None)
        left = self._taken[party] - 1
        if left:
            self._taken[party] = left
        else:
            del self._taken[party]

    def _places_of(self, party: Party) -> int:
        return self._taken.get(party, 0)

    def _leave(self, party: Party, turn: asyncio.Future[None]) -> None:
        queue = self._queues.get(party)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._queues[party]


def _end(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())
