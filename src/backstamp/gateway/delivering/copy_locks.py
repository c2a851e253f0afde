"""copy_locks: two tries of the same message for the same recipient never run at the same time."""

import asyncio
from collections.abc import Set


class CopyLocks:
    """Who is being served now, by `outcomes.copy_key`."""

    def __init__(self) -> None:
        self._held: set[bytes] = set()
        self._waiting: list[asyncio.Future[None]] = []

    async def take(self, keys: Set[bytes]) -> None:
        """Wait until nobody else holds one of the keys, and hold all of them until `give_back`."""
        while not self._held.isdisjoint(keys):
            freed = asyncio.get_running_loop().create_future()
            self._waiting.append(freed)
            await freed
        self._held |= keys

    def give_back(self, keys: Set[bytes]) -> None:
        """Let go of what was taken."""
        self._held -= keys
        # All or none: whoever waits looks again, and nobody waits with half of his keys in hand.
        waiting, self._waiting = self._waiting, []
        for freed in waiting:
            if not freed.done():
                freed.set_result(None)
