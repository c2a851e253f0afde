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
_COMMENT: Final = re.compile(r"\([^()]*\)")
"""Where nothing is quoted: in quotation marks it may be a part of the name."""
_DOMAIN: Final = re.compile(r"[\w-]+(?:\.[\w-]+)+\.?")
_OUTER: Final = re.compile(r"[\w.:\[\]-]*")
"""What stands behind the last `@`: where an MTA takes that for a name of its own, it reads on before it."""


def strictest_domain(snapshot: Snapshot) -> DomainPolicy:
    """Return the domain that does most for received mail, of several the one known longest.

    By its policy go addresses that name no domain. Where none does anything: one that is unknown.
    """
    guarding = [each for each in snapshot.domains.values() if each.protection.mode is not ProtectionMode.OFF]
    return max(
        guarding,
        key=lambda each: (each.protection.mode.strictness, -each.domain_id),
        default=snapshot.domain(""),
    )


def addressed(snapshot: Snapshot, written: str, nameless: DomainPolicy) -> tuple[str, DomainPolicy]:
    """Return the address that is meant by what a client wrote for a recipient, and its domain.

    A domain of ours within an address is where it may lead, also where the address is of another of our
    domains: of several the strictest counts, and where they are alike the one that is read at once. Where
    there is no domain name at all, the MTA takes the mail for one of its own: the address stays, and the
    domain is `nameless`. Where more than one name may be the mailbox's, all are kept, parted by blanks, lest
    the opt-out of one be a way to another. A domain of ours is spelled as it is known.
    """
    local_part, name = written.rpartition("@")[::2] if "@" in written else (written, "")
    domain = snapshot.domain(name)
    if domain.domain_id:
        at_once = written if name == domain.name else f"{local_part}@{domain.name}", domain
    else:
        at_once = written, domain if _DOMAIN.fullmatch(name) else nameless
    is_name = _OUTER.fullmatch(name) is not None
    if is_name and _BETWEEN.search(local_part) is None:
        return at_once
    pieces = _pieces(local_part if is_name else written)
    if len(pieces) > _MOST_PIECES:
        return at_once[0], max((domain, nameless), key=_strictness)
    within = [(piece, inner) for piece in reversed(pieces) if (inner := snapshot.domain(piece)).domain_id]
    piece, inner = max(within, key=lambda each: _strictness(each[1]), default=("", domain))
    if not within or (domain.domain_id and _strictness(inner) <= _strictness(domain)):
        return at_once
    return f"{' '.join(each for each in pieces if each != piece)}@{inner.name}", inner


def _pieces(text: str) -> list[str]:
    """Return what may be names in an address: at most one more than are looked up."""
    plain = text.translate(_IGNORED)
    if plain == text:
        plain = _COMMENT.sub("", text)
    return list(filter(None, _BETWEEN.split(plain, _MOST_PIECES)))


def _strictness(domain: DomainPolicy) -> tuple[int, int, int]:
    """Return how much is done for received mail of a domain, for comparison."""
    protection = domain.protection
    if protection.mode is ProtectionMode.OFF:
        return 0, 0, 0
    return (
        protection.mode.strictness,
        protection.on_unprotected.strictness,
        protection.on_known_bad.strictness,
    )
