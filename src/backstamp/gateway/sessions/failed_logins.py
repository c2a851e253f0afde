"""failed_logins: whose passwords were wrong too often of late.

The upstream server sees our address and no other, so what it has against guessing would shut out all who
submit here, or nobody.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

from backstamp.gateway.access import Address, Party, party_of
from backstamp.gateway.sessions.submission import Credentials

MOST_WRONG: Final = 10
"""Different wrong passwords from one address within `WITHIN_SECONDS`.

The same one again is no guess: a program with an old password says it every few minutes, and may share the
address with a whole office.
"""
WITHIN_SECONDS: Final = 600.0
MOST_ADDRESSES: Final = 4096
"""Addresses that are remembered; whose last failure is the oldest are forgotten first."""
MOST_RIGHT: Final = 16_384
"""Logins that are remembered: what was right before is no guess, whatever others do at the same address. An
office, or a webmail, may have many with old passwords."""
_DIGEST_BYTES: Final = 8
"""Enough to tell apart all that are remembered: of four bytes, two of `MOST_RIGHT` are alike one time in 32.

The key is in this process's memory only.
"""


class FailedLogins:
    """The failures of the last minutes, in memory only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` returns seconds that only grow."""
        self._clock = clock
        self._key = secrets.token_bytes(16)
        self._wrong: dict[Party, dict[bytes, float]] = {}
        self._right: dict[tuple[Party, bytes], None] = {}
        self._turns: WeakValueDictionary[Party, asyncio.Semaphore] = WeakValueDictionary()

    def turn(self, address: Address | None) -> asyncio.Semaphore:
        """Return what is held while the upstream is asked: what is wrong of many at once is known too late.

        Whoever is in the right waits for a moment, and is not turned away.
        """
        return self._turns.setdefault(party_of(address), asyncio.Semaphore(MOST_WRONG))

    def too_many(self, address: Address | None, credentials: Credentials) -> bool:
        """Whether an address may try these no more for now."""
        party = party_of(address)
        return (
            len(self._of_late(party)) >= MOST_WRONG and (party, self._digest(credentials)) not in self._right
        )

    def note_right(self, address: Address | None, credentials: Credentials) -> None:
        """Note credentials that the upstream took."""
        login = party_of(address), self._digest(credentials)
        self._right.pop(login, None)
        if len(self._right) >= MOST_RIGHT:
            del self._right[next(iter(self._right))]
        self._right[login] = None

    def note(self, address: Address | None, credentials: Credentials) -> bool:
        """Note credentials that were refused; return whether they were the last that may be tried for now."""
        party = party_of(address)
        wrong, digest = self._of_late(party), self._digest(credentials)
        self._right.pop((party, digest), None)
        if len(wrong) >= MOST_WRONG:  # asked beside the last one
            return False
        wrong[digest] = self._clock()
        self._wrong.pop(party, None)
        if len(self._wrong) >= MOST_ADDRESSES:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[party] = wrong
        return len(wrong) == MOST_WRONG

    def _of_late(self, party: Party) -> dict[bytes, float]:
        since = self._clock() - WITHIN_SECONDS
        return {digest: at for digest, at in self._wrong.get(party, {}).items() if at > since}

    def _digest(self, credentials: Credentials) -> bytes:
        said = b"\0".join((credentials.identity, credentials.user, credentials.password))
        return hashlib.blake2b(said, key=self._key, digest_size=_DIGEST_BYTES).digest()
