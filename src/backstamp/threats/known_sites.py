"""known_sites: where somebody of this organisation followed a link to before: other sites are new here."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from backstamp.urls.domains import registrable_domain

_MAGIC: Final = b"BSsites1"
_BYTES: Final = 8


class KnownSites:
    """Sites: registrable domains, and hosts that have none; 8 octets are kept of the digest of each."""

    def __init__(self, data: bytes) -> None:
        """Read what `encode_sites` wrote. Raises `ValueError`."""
        if not data.startswith(_MAGIC) or len(data) % _BYTES:
            raise ValueError("this is no file of known sites")
        self._digests = frozenset(data[at : at + _BYTES] for at in range(_BYTES, len(data), _BYTES))

    def knows(self, host: str) -> bool:
        """Return whether somebody was at a host's site; `host` in lower case and A-labels."""
        return _digest(registrable_domain(host) or host) in self._digests


def encode_sites(sites: Iterable[str]) -> bytes:
    """Return sites as the octets of their file: 8 for each."""
    return _MAGIC + b"".join(sorted({_digest(site) for site in sites}))


def _digest(site: str) -> bytes:
    return sha256(site.encode("utf-8", "surrogatepass")).digest()[:_BYTES]
