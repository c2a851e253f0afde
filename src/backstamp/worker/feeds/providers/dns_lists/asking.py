"""One question to a list in the DNS."""

from ipaddress import ip_address
from typing import Final, NamedTuple

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.resolver

SECONDS: Final = 5.0
"""Longest time for an answer."""
_LEAST_TTL: Final = 60.0
_MOST_TTL: Final = 86_400.0
_PORT: Final = 53


class DnsError(Exception):
    """There is no answer; the message says in half a line why."""


class DnsAnswer(NamedTuple):
    """The addresses of a name, none where it does not exist; and for how many seconds that holds."""

    addresses: tuple[str, ...]
    seconds: float


class DnsResolver:
    """Asks one resolver, or the system's."""

    def __init__(self, address: str = "") -> None:
        """Take `address`: HOST, HOST:PORT or [IPV6]:PORT; empty for the system's. Raises ValueError."""
        self._address = address
        self._resolver: dns.asyncresolver.Resolver | None = None
        if address:
            self._resolver = dns.asyncresolver.Resolver(configure=False)
            host, self._resolver.port = _host_and_port(address)
            self._resolver.nameservers = [host]

    async def addresses(self, name: str) -> DnsAnswer:
        """Return the IPv4 addresses of a name; none of what can be no name in the DNS. Raises DnsError."""
        try:
            dns.name.from_text(name)
        except dns.exception.DNSException:
            return DnsAnswer((), _MOST_TTL)
        try:
            resolver = self._resolver or dns.asyncresolver.get_default_resolver()
            answer = await resolver.resolve(
                name, "A", lifetime=SECONDS, search=False, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN as error:
            return DnsAnswer((), _negative_seconds(error.response(error.qnames()[0])))  # type: ignore[no-untyped-call]
        except dns.exception.Timeout:
            raise DnsError(f"no answer within {SECONDS:.0f} s") from None
        except dns.resolver.NoNameservers:
            raise DnsError("the resolver failed, or refuses") from None
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise DnsError(f"no answer ({type(error).__name__})") from None
        if answer.rrset is None:
            return DnsAnswer((), _negative_seconds(answer.response))
        return DnsAnswer(tuple(record.address for record in answer.rrset), _bounded(answer.rrset.ttl))


def _negative_seconds(response: dns.message.Message) -> float:
    """Return for how long a name does not exist (RFC 2308, section 5)."""
    for rrset in response.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return _bounded(min(rrset.ttl, rrset[0].minimum))
    return _LEAST_TTL


def _bounded(ttl: float) -> float:
    return min(max(ttl, _LEAST_TTL), _MOST_TTL)


def _host_and_port(address: str) -> tuple[str, int]:
    """Return an address and its port. Raises ValueError."""
    host, colon, port = address.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")):
        return str(ip_address(address.strip("[]"))), _PORT
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError
    return str(ip_address(host.strip("[]"))), int(port)
