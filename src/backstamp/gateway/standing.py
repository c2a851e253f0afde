"""standing: what follows from policy and keys alone, made once for all mail until one of them changes."""

from typing import Self

import msgspec

from backstamp.policy import DomainPolicy, Snapshot, strictest_domain
from backstamp.tokens import Keyring


class Standing(msgspec.Struct, frozen=True):
    """A policy (None: there is none yet), a key ring, and what a rewriting worker is told of them.

    `prefixes` are the beginnings of links of received mail, which lead to our own hosts: none where no mail
    was ever protected. By the policy of `nameless` goes received mail for addresses that name no domain.
    """

    snapshot: Snapshot | None
    ring: Keyring
    keyring_text: str
    prefixes: tuple[str, ...]
    domains: tuple[str, ...]
    nameless: DomainPolicy

    def __repr__(self) -> str:
        return "Standing(...)"

    @classmethod
    def of(cls, snapshot: Snapshot | None, ring: Keyring) -> Self:
        """Return what stands under this policy and these keys."""
        return cls(
            snapshot=snapshot,
            ring=ring,
            keyring_text=ring.to_json(),
            prefixes=_guarded_prefixes(snapshot),
            domains=() if snapshot is None else tuple(sorted(snapshot.domains)),
            nameless=DomainPolicy(domain_id=0, name="") if snapshot is None else strictest_domain(snapshot),
        )


class LastStanding:
    """Remembers what stands: with a thousand domains it takes longer than all the rest of a mail."""

    def __init__(self) -> None:
        self._last: Standing | None = None

    def of(self, snapshot: Snapshot | None, ring: Keyring) -> Standing:
        """Return what stands; the same as before where both are the very objects they were."""
        last = self._last
        if last is None or last.snapshot is not snapshot or last.ring is not ring:
            last = self._last = Standing.of(snapshot, ring)
        return last


def _guarded_prefixes(snapshot: Snapshot | None) -> tuple[str, ...]:
    if snapshot is None or not snapshot.guards:
        return ()
    bases = {snapshot.base_url(domain) for domain in snapshot.domains.values()}
    return tuple(f"{base}/" for base in sorted({*bases, snapshot.tracking_url.rstrip("/")}))
