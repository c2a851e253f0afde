"""What is kept of who asks: the network's class and `source`; and who asked a moment ago.

Half of all opens come from the image proxies of a few large providers, over connections that stay open,
so what was made of an address is remembered for a minute, in memory only.
"""

from typing import Final

import msgspec

from backstamp.edge.recording.client_address import TrustedProxies, peer_octets, prefix_of
from backstamp.edge.requests.scope import Headers
from backstamp.shared_files import SourceKeys
from backstamp.shared_files.source_keys import DAY_US
from backstamp.verdicts import NetworkTable
from backstamp.verdicts.networks import NOT_SEEN, PACKAGED_TABLE

FORWARDED_FOR: Final = "x-forwarded-for"
REMEMBERED: Final = 4096
"""Most addresses that are remembered: about 1 MB."""


class Caller(msgspec.Struct, frozen=True):
    """What is known of an address.

    `octets` are in network order, and empty where there is no address; `prefix` are those of its network, of
    which `network` is the class.
    """

    octets: bytes
    prefix: bytes
    network: str
    source: bytes
    is_proxy: bool


class Callers:
    """Makes callers of addresses."""

    def __init__(self, proxies: TrustedProxies, source_keys: SourceKeys) -> None:
        self._table = PACKAGED_TABLE
        self._proxies = proxies
        self._source_keys = source_keys
        self._known: dict[str | bytes, Caller] = {}
        self._day_ends_us = 0

    def of(self, client: str, headers: Headers, at_us: int) -> Caller:
        """Return who asks at `at_us` (microseconds since 1970 UTC).

        `client` is Granian's `scope.client`: address and port of the peer.
        """
        if at_us >= self._day_ends_us:  # a new day has a new key of `source`
            self.forget()
            self._day_ends_us = (at_us // DAY_US + 1) * DAY_US
        peer = client.rpartition(":")[0]
        caller = self._known.get(peer) or self._meet(peer, peer_octets(client), at_us)
        if not caller.is_proxy:
            return caller
        octets = self._proxies.client(caller.octets, headers.get_all(FORWARDED_FOR))
        return self._known.get(octets) or self._meet(octets, octets, at_us)

    def use(self, table: NetworkTable) -> None:
        """Take the classes of networks from here; who was known by the old ones is forgotten."""
        if table is not self._table:
            self._table = table
            self.forget()

    def forget(self) -> None:
        """Forget all addresses."""
        self._known = {}

    def _meet(self, key: str | bytes, octets: bytes, at_us: int) -> Caller:
        # Networks that come meanwhile, in another thread, begin another memory: old classes are none of it.
        known = self._known
        caller = Caller(
            octets,
            prefix_of(octets),
            self._table.classify(octets) if octets else NOT_SEEN,
            self._source_keys.source(octets, at_us),
            self._proxies.trusts(octets),
        )
        if len(known) >= REMEMBERED:
            known.clear()
        if caller.source:  # without one, today's key may be there the next time
            known[key] = caller
        return caller
