"""What the edge must be told to start."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import msgspec


class FloodLimits(msgspec.Struct, frozen=True):
    """How much may come of one token, of late and to one worker.

    Readers are warned of a link that was asked for more often than `named`, where it was sealed for one
    recipient (who may be a list of thousands, with a scanner before each), or than `anybody`, where it names
    nobody (all copies of a newsletter have it): a sealed redirect may be spread as spam. No more than
    `written` hits of a token are recorded from one network (/24, of IPv6 /48), and of each decision about a
    link: a bot may ask for one all day, while readers, however many, come from everywhere.
    """

    named: int = 5_000
    anybody: int = 200_000
    written: int = 200_000


class EdgeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the public edge, already checked one by one.

    `trusted_proxies` are the networks of our own proxies, whose X-Forwarded-For is believed.
    `connections` is the most that a worker takes at a time: many slow ones must not keep out the others.
    `tls_certificate` (a PEM chain) and `tls_key` go together, where the edge speaks TLS itself.
    """

    host: str
    port: int
    workers: int = 1
    connections: int = 8192
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    flood_limits: FloodLimits = FloodLimits()


class EdgeError(Exception):
    """The edge cannot start; the message says in one line why, and what to do."""
