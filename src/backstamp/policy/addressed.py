"""addressed: by whose policy an address is dealt with that an MTA may read in another way than it looks.

Postfix takes `bob%example.org`, `example.org!bob`, `"bob@example.org"`, `bob%example.org@mx.example.net`,
`bob@(x)example.org` and more for bob@example.org, from any client, and hands milters and proxies what the
client wrote (`resolve_dequoted_address`, `allow_percent_hack`, `swap_bangpath`); to `bob` it adds a domain of
its own. None of these may be a way round the policy of that domain.
"""

import re
from typing import Final

from backstamp.policy.protection import ProtectionMode
from backstamp.policy.snapshot import DomainPolicy, Snapshot

_MOST_PIECES: Final = 16
"""Each is looked up, and an address may be long."""
_IGNORED: Final = str.maketrans("", "", '"\\')
_BETWEEN: Final = re.compile(r"[@%!:;,()<>\s]+")
_DOMAIN: Final = re.compile(r"[\w-]+(?:\.[\w-]+)+\.?")
_STRICTNESS: Final = tuple(ProtectionMode)


def strictest_domain(snapshot: Snapshot) -> DomainPolicy:
    """Return the domain that does most for received mail, of several the one known longest.

    By its policy go addresses that name no domain. Where none does anything: one that is unknown.
    """
    guarding = [each for each in snapshot.domains.values() if each.protection.mode is not ProtectionMode.OFF]
    return max(
        guarding,
        key=lambda each: (_STRICTNESS.index(each.protection.mode), -each.domain_id),
        default=snapshot.domain(""),
    )


def addressed(snapshot: Snapshot, written: str, nameless: DomainPolicy) -> tuple[str, DomainPolicy]:
    """Return the address that is meant by what a client wrote for a recipient, and its domain.

    A domain of ours within an address of another is where it may lead. Where there is no domain name at all,
    the MTA takes the mail for one of its own: the address stays, and the domain is `nameless`.
    """
    name = written.rpartition("@")[2] if "@" in written else ""
    domain = snapshot.domain(name)
    if domain.domain_id:
        return written, domain
    pieces = list(filter(None, _BETWEEN.split(written.translate(_IGNORED), _MOST_PIECES)))
    if len(pieces) > _MOST_PIECES:
        return written, nameless
    for piece in reversed(pieces):
        inner = snapshot.domain(piece)
        if inner.domain_id:
            mailbox = next((each for each in pieces if each != piece), "")
            return f"{mailbox}@{inner.name}", inner
    return written, domain if _DOMAIN.fullmatch(name) else nameless
