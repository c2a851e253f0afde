"""guarded_hosts: where links of received mail lead: to our own hosts."""

from backstamp.policy import Snapshot


def guarded_prefixes(snapshot: Snapshot | None) -> tuple[str, ...]:
    """Return the beginnings of links of received mail; none where no mail was ever protected."""
    if snapshot is None or not snapshot.guards:
        return ()
    bases = {snapshot.base_url(domain) for domain in snapshot.domains.values()}
    return tuple(f"{base}/" for base in sorted({*bases, snapshot.tracking_url.rstrip("/")}))
